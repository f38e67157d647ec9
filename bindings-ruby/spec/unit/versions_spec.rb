# frozen_string_literal: true

require "open3"
require "rbconfig"
require "tmpdir"

RSpec.describe "What is too old" do
  # What a program says that loads the gem in a Rails of this version.
  def load_in_rails(version)
    Dir.mktmpdir do |folder|
      Dir.mkdir("#{folder}/rails")
      File.write("#{folder}/rails/engine.rb", <<~RUBY)
        module Rails
          class Engine; end
          def self.version = "#{version}"
          def self.gem_version = Gem::Version.new(version)
        end
      RUBY
      library = File.expand_path("../../lib", __dir__)
      Open3.capture2e(RbConfig.ruby, "-I", folder, "-I", library, "-e", 'require "rails/engine"; require "tasker"')
    end
  end

  it "is a Rails before 7.1, which is told what is needed" do
    said, status = load_in_rails("7.0.8")
    expect(status).not_to be_success
    expect(said).to include("tasker-engine needs Rails 7.1 or newer, and this is Rails 7.0.8: update it")
  end

  it "is a Ruby before 3.2, which RubyGems and Bundler refuse by name" do
    specification = Gem::Specification.load(File.expand_path("../../tasker-engine.gemspec", __dir__))
    wanted = specification.required_ruby_version
    expect(wanted).not_to be_satisfied_by(Gem::Version.new("3.1.6"))
    expect([wanted.satisfied_by?(Gem::Version.new("3.2.0")), wanted.satisfied_by?(Gem::Version.new("4.0.0"))]).to eq([true, true])
  end
end
