# frozen_string_literal: true

require "rbconfig"

module Tasker
  # The native half. A gem for a platform has one for each minor version of Ruby, in a folder named for it; where the gem was compiled
  # as it was installed, there is but one.
  module Native
    # @return [String] what says that it cannot be loaded, and what to do
    # @api private
    def self.missing(reason)
      there = Dir.children(__dir__).grep(/\A\d+\.\d+\z/).sort_by { |series| Gem::Version.new(series) }
      built = there.empty? ? "this copy of the gem has none that is compiled" : "this gem has one for Ruby #{there.join(", ")}"
      <<~TEXT
        The native half of tasker-engine cannot be loaded in Ruby #{RUBY_VERSION} on #{RUBY_PLATFORM}; #{built}.
        #{reason}
        To have it compiled here, which takes Rust and libclang, install it from source: `gem install tasker-engine --platform ruby`,
        or, with Bundler, `gem "tasker-engine", force_ruby_platform: true` in the Gemfile. In a checkout of Tasker: `rake compile`.
      TEXT
    end
  end
end

begin
  own = File.join(__dir__, RUBY_VERSION[/\d+\.\d+/], "tasker_native.#{RbConfig::CONFIG["DLEXT"]}")
  require File.exist?(own) ? own : "tasker/tasker_native"
rescue LoadError => e
  raise LoadError, Tasker::Native.missing(e.message)
end
