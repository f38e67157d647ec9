# frozen_string_literal: true

# Builds the native half with cargo. Nothing but a Rust toolchain and libclang (for the headers of Ruby) is needed.
require "rbconfig"

MINIMUM = "1.95"

def give_up(problem)
  abort <<~TEXT
    tasker-engine: #{problem}
    Rust #{MINIMUM} or later is needed to build this gem from source: https://rustup.rs
    Gems for common platforms are built already; `gem install tasker-engine` takes one of them where there is one.
  TEXT
end

cargo = ENV.fetch("CARGO", "cargo")
version = IO.popen([cargo, "--version", err: File::NULL], &:read)[/\d+\.\d+/] rescue give_up("`#{cargo}` cannot be run.")
give_up("`#{cargo}` is of version #{version}.") if Gem::Version.new(version) < Gem::Version.new(MINIMUM)

shared = "libtasker_native.#{RbConfig::CONFIG["SOEXT"]}"
library = "tasker_native.#{RbConfig::CONFIG["DLEXT"]}"
here = File.expand_path(__dir__)

# RubyGems gives the place by one of the two names, depending on its age.
File.write("Makefile", <<~MAKEFILE)
  sitearchdir = #{RbConfig::CONFIG["sitearchdir"]}
  RUBYARCHDIR = $(sitearchdir)
  CARGO ?= #{cargo}
  TARGET_DIR = #{ENV.fetch("CARGO_TARGET_DIR", "$(CURDIR)/target")}
  export RUBY = #{RbConfig.ruby}

  all: #{library}

  #{library}: FORCE
  \t$(CARGO) build --manifest-path "#{here}/Cargo.toml" --features ruby --release --locked --target-dir "$(TARGET_DIR)"
  \tcp "$(TARGET_DIR)/release/#{shared}" #{library}

  install: #{library}
  \tmkdir -p "$(DESTDIR)$(RUBYARCHDIR)/tasker"
  \tinstall -m 0755 #{library} "$(DESTDIR)$(RUBYARCHDIR)/tasker/#{library}"

  clean distclean:
  \trm -rf #{library} "$(CURDIR)/target"

  FORCE:
  .PHONY: all install clean distclean FORCE
MAKEFILE
