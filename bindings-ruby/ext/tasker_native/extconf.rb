# frozen_string_literal: true

# Writes the Makefile that compiles the native half with cargo, where the gem is installed from source. Besides Rust that takes a
# compiler for C, and libclang, which reads the headers of Ruby.
require "open3"
require "rbconfig"
require "rubygems"

MINIMUM = File.read(File.expand_path("../../../Cargo.toml", __dir__))[/^rust-version = "(.+)"/, 1]

def give_up(problem)
  abort <<~TEXT

    tasker-engine has to be compiled here, and #{problem}
    It takes Rust #{MINIMUM} or newer (https://rustup.rs), a compiler for C, and libclang (Debian: libclang-dev, Fedora: clang-devel,
    Homebrew: llvm). Install what is missing, and then the gem once more.

    Nothing has to be compiled where there is a gem for the platform and the Ruby: x86_64 and aarch64 with Linux (glibc 2.28 or
    newer) or macOS. If this is one of them, Bundler has to ask for it: `bundle lock --add-platform #{Gem::Platform.local}`, and no
    `force_ruby_platform`.

  TEXT
end

cargo = ENV.fetch("CARGO", "cargo")
begin
  said, = Open3.capture2e(cargo, "--version")
rescue SystemCallError
  give_up("there is no `#{cargo}` in the PATH.")
end
version = said[/^cargo (\d+(\.\d+)+)/, 1] || give_up("`#{cargo} --version` says: #{said.strip}")
give_up("`#{cargo}` is of version #{version}.") if Gem::Version.new(version) < Gem::Version.new(MINIMUM)

shared = "libtasker_native.#{RbConfig::CONFIG["SOEXT"]}"
library = "tasker_native.#{RbConfig::CONFIG["DLEXT"]}"
here = File.expand_path(__dir__)

# RubyGems gives the place by one of the two names, depending on its age. It calls `clean` before and after.
File.write("Makefile", <<~MAKEFILE)
  sitearchdir = #{RbConfig::CONFIG["sitearchdir"]}
  RUBYARCHDIR = $(sitearchdir)
  CARGO ?= #{cargo}
  TARGET_DIR = #{ENV.fetch("CARGO_TARGET_DIR", "$(CURDIR)/target")}
  export RUBY = #{RbConfig.ruby}

  all: #{library}

  #{library}: FORCE
  \t$(CARGO) build --manifest-path "#{here}/Cargo.toml" --features ruby --release --locked --target-dir "$(TARGET_DIR)" || \\
  \t  { echo "Where libclang is missing: libclang-dev (Debian), clang-devel (Fedora), llvm (Homebrew); elsewhere, LIBCLANG_PATH"; exit 1; }
  \tcp "$(TARGET_DIR)/release/#{shared}" #{library}

  install: #{library}
  \tmkdir -p "$(DESTDIR)$(RUBYARCHDIR)/tasker"
  \tinstall -m 0755 #{library} "$(DESTDIR)$(RUBYARCHDIR)/tasker/#{library}"

  clean distclean:
  \trm -rf #{library} "$(CURDIR)/target"

  FORCE:
  .PHONY: all install clean distclean FORCE
MAKEFILE
