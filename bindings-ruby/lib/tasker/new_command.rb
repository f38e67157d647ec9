# frozen_string_literal: true

module Tasker
  # `tasker new rails my_app`: a new Rails application with Tasker in it, and a first workflow.
  # @api private
  module NewCommand
    TEMPLATE = File.expand_path("new_command/rails.rb", __dir__)
    HELP = <<~TEXT
      usage: tasker new rails NAME [options of `rails new`]

      Makes a Rails application on PostgreSQL with Tasker, and a workflow with its test to begin with.

      examples:
        tasker new rails my_app
        tasker new rails my_app --api --skip-test
    TEXT

    module_function

    # @param arguments [Array<String>] after `tasker new`
    # @return [Integer] the exit status
    def run(arguments)
      case arguments
      in ["rails", name, *options] unless name.start_with?("-")
        new_rails(name, options)
      in [] | ["-h" | "--help", *]
        puts HELP
        0
      else
        warn "error: `tasker new` makes Rails applications, and each has a name\n\n#{HELP}"
        2
      end
    end

    def new_rails(name, options)
      done = system("rails", "new", name, "--database=postgresql", "--template=#{TEMPLATE}", *options)
      return 0 if done

      warn "error: there is no command `rails`: gem install rails" if done.nil?
      1
    end

    private_class_method :new_rails
  end
end
