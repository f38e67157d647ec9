# frozen_string_literal: true

require "pathname"

module Tasker
  # What the engine is asked with.
  # @api private
  module Requests
    module_function

    # A request for a task, with the key that an identity strategy of the application's own gives it.
    def task(request) = IdentityStrategy.complete(request)

    def tasks(requests) = requests.map { |request| task(request) }

    # The registration of a template: the path of a file, or the same as a Hash.
    #
    # @raise [SystemCallError] the file cannot be read
    # @raise [ArgumentError] this is neither
    def template(source, force)
      environment = Tasker.environment
      case source
      when Hash then {template: source, force:, environment:}.compact
      when String, Pathname
        {yaml: File.read(source, encoding: Encoding::UTF_8), file: source.to_s, force:, environment:}.compact
      else raise ArgumentError, "a template is the path of a YAML file or a Hash, not #{source.class}"
      end
    end
  end
end
