# frozen_string_literal: true

require "did_you_mean"

module Tasker
  # What somebody probably meant who wrote a name that is not there.
  # @api private
  module Suggestion
    module_function

    # @param written [String, Symbol]
    # @param known [Enumerable<String, Symbol>]
    # @return [String] `; did you mean 'x'?`, or nothing where no name is near
    def for(written, known)
      nearest = near(written.to_s, known.map(&:to_s))
      nearest ? "; did you mean '#{nearest}'?" : ""
    end

    # Spelt alike, or part of it: `retry_limit` means `default_retry_limit`.
    def near(written, known)
      DidYouMean::SpellChecker.new(dictionary: known).correct(written).first ||
        known.find { |name| written.length > 2 && name.include?(written) }
    end
    private_class_method :near
  end
end
