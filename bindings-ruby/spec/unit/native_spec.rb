# frozen_string_literal: true

require "fileutils"
require "rbconfig"
require "tmpdir"
require_relative "unit_helper"

# The loader by itself, in a gem that has other libraries than this one.
RSpec.describe "The native half" do
  around { |example| Dir.mktmpdir { |folder| Dir.chdir(folder) { example.run } } }

  before { FileUtils.cp(File.expand_path("../../lib/tasker/native.rb", __dir__), "native.rb") }

  def library(series)
    FileUtils.mkdir_p(series)
    File.join(series, "tasker_native.#{RbConfig::CONFIG["DLEXT"]}").tap { |path| File.write(path, "this is no library") }
  end

  def load_it
    said, status = Open3.capture2e(RbConfig.ruby, "-W2", "-e", 'require "./native"')
    expect(status).not_to be_success
    said
  end

  it "says which Rubies a gem has one for, and how to have it compiled, where it has none for this one" do
    library("10.0")
    library("2.7")
    expect(load_it).to include(
      "cannot be loaded in Ruby #{RUBY_VERSION} on #{RUBY_PLATFORM}; this gem has one for Ruby 2.7, 10.0.",
      "gem install tasker-engine --platform ruby", "force_ruby_platform: true"
    )
  end

  it "says that there is none at all" do
    expect(load_it).to include("this copy of the gem has none that is compiled").and include("rake compile")
  end

  it "says why the one for this Ruby cannot be loaded" do
    path = library(RUBY_VERSION[/\d+\.\d+/])
    expect(load_it).to include("this gem has one for Ruby #{RUBY_VERSION[/\d+\.\d+/]}.").and match(/#{Regexp.escape(path)}/)
  end
end
