# frozen_string_literal: true

module Tasker
  class Templates
    # What a template is known by.
    Key = Data.define(:namespace, :name, :version) do
      # @param namespace [String, Symbol, nil] `default` where nil
      # @param name [String, Symbol]
      # @param version [String, Numeric, nil] `0.1.0` where nil
      # @return [Key]
      def self.of(namespace:, name:, version:)
        new(namespace: (namespace || "default").to_s, name: name.to_s, version: (version || "0.1.0").to_s)
      end

      def to_s = "#{namespace}.#{name}@#{version}"
    end
  end
end
