# frozen_string_literal: true

require_relative "testing_helper"

# The signatures are written by hand: they have to be valid, and to speak of what there is.
RSpec.describe "The signatures in sig/" do
  let(:folder) { File.expand_path("../../sig", __dir__) }
  let(:environment) do
    loader = RBS::EnvironmentLoader.new
    loader.add(path: Pathname(folder))
    %w[logger monitor pathname].each { |library| loader.add(library:, version: nil) }
    RBS::Environment.from_loader(loader).resolve_type_names
  end

  # Classes and modules of ours with their declarations; models and jobs need Rails.
  let(:declared) do
    environment.class_decls.select { |name, _| name.to_s.start_with?("::Tasker") }
      .reject { |_, entry| entry.decls.any? { |one| one.decl.location.buffer.name.to_s.end_with?("models.rbs") } }
  end

  before do
    require "rbs"
  rescue LoadError
    skip "there is no gem rbs here"
  end

  it "are valid" do
    builder = RBS::DefinitionBuilder.new(env: environment)
    environment.class_decls.each_key do |name|
      next unless name.to_s.start_with?("::Tasker")

      builder.build_instance(name)
      builder.build_singleton(name)
    end
  end

  it "name what there is, with the parameters that it takes" do
    missing = declared.flat_map do |name, entry|
      constant = Object.const_get(name.to_s)
      entry.decls.flat_map { |one| one.decl.members }.grep(RBS::AST::Members::MethodDefinition).filter_map do |member|
        problem(constant, member)
      end
    end
    expect(missing).to be_empty
  end

  # What is wrong with a signature of a method; nil where it is right.
  def problem(constant, member)
    method = method_of(constant, member)
    return "#{constant}#{(member.kind == :singleton) ? "." : "#"}#{member.name} is not there" if method.nil?

    unknown = member.overloads.flat_map { |one| keywords(one.method_type) } - keywords_of(method)
    "#{constant} #{member.name} takes no #{unknown.join(", ")}" if unknown.any? && !takes_any?(method)
  end

  def method_of(constant, member)
    return constant.method(member.name) if member.kind == :singleton

    constant.instance_method(member.name)
  rescue NameError
    nil
  end

  def keywords(type) = type.type.required_keywords.keys + type.type.optional_keywords.keys

  def keywords_of(method) = method.parameters.filter_map { |kind, name| name if %i[key keyreq].include?(kind) }

  # Whatever it is given, or what the native half takes.
  def takes_any?(method) = method.parameters.any? { |kind, _| %i[keyrest rest].include?(kind) }
end
