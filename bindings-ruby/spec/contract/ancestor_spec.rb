# frozen_string_literal: true

require "active_job"
require "active_record"
require "active_support/all"
require "yaml"
require "zeitwerk"

# The interface that handlers, templates and tests of tasker-engine 1.0 were written for.
RSpec.describe "The Ruby interface of tasker-engine 1.0" do
  contract = YAML.load_file(File.expand_path("ancestor_names.yml", __dir__))

  # As Rails would load them, without Rails: this directory's specs want a process of their own.
  before(:context) do
    Zeitwerk::Loader.new.tap do |loader|
      %w[models jobs].each { |folder| loader.push_dir(File.expand_path("../../app/#{folder}", __dir__)) }
      loader.setup
    end
    ActiveRecord::Base.establish_connection(Databases.at(Databases.create(template: Databases.migrated)))
  end
  after(:context) { ActiveRecord::Base.connection_handler.clear_all_connections!(:all) }

  contract["names"].each do |name, methods|
    it "has #{name}" do
      constant = Object.const_get(name)
      missing = methods.fetch("class", []).reject { |method| constant.respond_to?(method) }
      missing += methods.fetch("instance", []).reject do |method|
        constant.method_defined?(method) || constant.private_method_defined?(method) || constant.try(:attribute_names)&.include?(method)
      end
      expect(missing).to be_empty, "#{name} has no #{missing.join(", ")}"
    end
  end

  it "has what a class is given that includes Tasker::TaskHandler" do
    handler = Class.new { include Tasker::TaskHandler }
    methods = contract["task_handler"]
    expect(methods["class"].reject { |method| handler.respond_to?(method) }).to be_empty
    expect(methods["instance"].reject { |method| handler.method_defined?(method) || handler.private_method_defined?(method) }).to be_empty
  end

  contract["later"].each do |issue, names|
    it "does not claim to have what comes with #{issue}" do
      there = names.select { |name| Object.const_defined?(name) }
      expect(there).to be_empty, "#{there.join(", ")} are there: list them under `names`"
    end
  end
end
