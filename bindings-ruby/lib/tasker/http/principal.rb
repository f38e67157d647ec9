# frozen_string_literal: true

module Tasker
  module Http
    # Who asks, as the program says.
    # @api private
    module Principal
      # What the program has said is nobody: the program is wrong, and not whoever asks.
      class NobodyError < Error; end

      EXPECTED = {
        name: "a String of UTF-8 or nil", roles: "an Array of Strings of UTF-8", permissions: "an Array of Strings of UTF-8",
        ambient: "true, false or nil"
      }.freeze
      private_constant :EXPECTED

      module_function

      # @param given [Object] what principal: has given
      # @return [Hash{Symbol => Object}] fit for JSON
      # @raise [NobodyError]
      def checked(given)
        raise NobodyError, "principal: gives a Hash or nil, not #{given.inspect}" unless given.is_a?(Hash)

        given.to_h { |member, value| [member.to_s.to_sym, value] }.to_h { |member, value| [member, said(member, value)] }
      end

      def said(member, value)
        expected = EXPECTED.fetch(member) { raise NobodyError, "a principal has no '#{member}'#{Suggestion.for(member, EXPECTED.keys)}" }
        case [member, value]
        in [:ambient, true | false | nil] | [:name, nil] then value
        in [:name, String | Symbol] then text(value)
        in [:roles | :permissions, [*texts]] then texts.map { |text| text(text) }
        end
      rescue NoMatchingPatternError, EncodingError, TypeError
        raise NobodyError, "'#{member}' of a principal is #{expected}, not #{value.inspect}"
      end

      # What Rack has of a header is bytes.
      def text(value)
        raise TypeError unless value.is_a?(String) || value.is_a?(Symbol)

        text = value.to_s
        text = (text.encoding == Encoding::BINARY) ? text.dup.force_encoding(Encoding::UTF_8) : text.encode(Encoding::UTF_8)
        text.valid_encoding? ? text : raise(EncodingError)
      end

      private_class_method :said, :text
    end
  end
end
