# frozen_string_literal: true

require_relative "lib/tasker/version"

Gem::Specification.new do |spec|
  spec.name = "tasker-engine"
  spec.version = Tasker::VERSION
  spec.authors = ["The Tasker authors"]
  spec.summary = "Durable workflows on PostgreSQL, inside your own process"
  spec.description = <<~TEXT
    Workflows as graphs of steps with retries, state machines and an audit trail. The engine is a library inside your Rails
    application; PostgreSQL is all that it needs. Handlers may be Ruby, Python, Node, Rust or C, and one workflow may cross all.
  TEXT
  spec.homepage = "https://github.com/tasker-systems/tasker"
  spec.license = "MIT"
  spec.required_ruby_version = ">= 3.2"

  spec.files = Dir["{app,config,db,exe,lib,sig}/**/*", "README.md", "LICENSE"].select { |path| File.file?(path) && !path.end_with?(".so", ".bundle") }
  spec.bindir = "exe"
  spec.executables = ["tasker"]
  spec.metadata = {
    "source_code_uri" => spec.homepage,
    "changelog_uri" => "#{spec.homepage}/blob/main/CHANGELOG.md",
    "rubygems_mfa_required" => "true"
  }

  spec.add_dependency "activesupport", ">= 7.1"
  spec.add_dependency "concurrent-ruby", "~> 1.1"
end
