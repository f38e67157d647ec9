# frozen_string_literal: true

require "bigdecimal"
require "date"
require "json"
require "time"
require "active_support/core_ext/hash/indifferent_access"

module Tasker
  # Values of Ruby as JSON, by the rules that hold in every language (`decisions.md` 34 and 35).
  module Values
    # JSON cannot say a value.
    class NotSerializable < StandardError; end

    # The engine takes no more; a value that contains itself has no end.
    DEEPEST = 128

    module_function

    # The JSON text of a value.
    #
    # Times become RFC 3339 in UTC; decimals and symbols strings; keys strings; structs, data and whatever has `to_hash` or an
    # `as_json` of its own what these give.
    #
    # @param value [Object]
    # @return [String]
    # @raise [NotSerializable] binary strings, NaN and infinities, sets, ranges, arbitrary objects, what contains itself
    def to_json(value)
      JSON.generate(plain(value, 0), max_nesting: 0)
    rescue JSON::GeneratorError, EncodingError => e
      raise NotSerializable, e.message
    end

    # As {to_json}, for what a caller gives the engine.
    #
    # @param value [Object]
    # @return [String]
    # @raise [InvalidArgumentError] as {to_json} refuses
    def to_argument(value)
      to_json(value)
    rescue NotSerializable => e
      raise InvalidArgumentError.new(e.message, kind: "invalid_argument", code: 1001)
    end

    # @param text [String]
    # @return [Object] the value of a JSON text
    def from_json(text)
      JSON.parse(text, max_nesting: false)
    end

    # @param value [Object] of JSON
    # @return [Object] the same, its objects readable by strings and symbols alike
    def indifferent(value)
      case value
      when Hash then value.with_indifferent_access
      when Array then value.map { |member| indifferent(member) }
      else value
      end
    end

    # What of a value goes into JSON.
    def plain(value, depth)
      raise NotSerializable, "nested more than #{DEEPEST} levels, or containing itself" if depth > DEEPEST

      case value
      when String then text(value)
      when Symbol then text(value.name)
      when Integer, nil, true, false then value
      when Float then finite(value)
      when Hash then value.to_h { |key, member| [key(key), plain(member, depth + 1)] }
      when Array then value.map { |member| plain(member, depth + 1) }
      else other(value, depth)
      end
    end

    def other(value, depth)
      case value
      when BigDecimal then decimal(value)
      when Date then value.is_a?(DateTime) ? instant(value.to_time) : value.iso8601
      when Time then instant(value)
      when Struct, Data then plain(value.to_h, depth)
      else converted(value, depth)
      end
    end

    # ActiveSupport gives every object an `as_json` that shows what is in it: an object's own is what its author meant.
    def converted(value, depth)
      # A time with a zone, of ActiveSupport.
      return instant(value.to_time) if value.respond_to?(:acts_like_time?) && value.acts_like_time?
      return plain(value.to_hash, depth + 1) if value.respond_to?(:to_hash)
      return plain(value.as_json, depth + 1) if own_json?(value)

      raise NotSerializable, "#{value.class} cannot be said in JSON"
    end

    # Ranges, sets and exceptions have one by ActiveSupport, too; what they become in JSON is not what they are.
    def own_json?(value)
      return false if value.is_a?(Enumerable) || value.is_a?(Exception) || value.is_a?(IO) || value.is_a?(Module)

      value.respond_to?(:as_json) && ![Object, Kernel, BasicObject].include?(value.method(:as_json).owner)
    end

    def key(key)
      case key
      when String, Symbol then text(key.to_s)
      when Integer, Float, true, false, nil then key.to_s
      else raise NotSerializable, "#{key.class} cannot be a key in JSON"
      end
    end

    def text(text)
      return text if (text.encoding == Encoding::UTF_8 || text.encoding == Encoding::US_ASCII) && text.valid_encoding?
      # Bytes that say nothing of their encoding may still be text.
      return text.dup.force_encoding(Encoding::UTF_8) if text.encoding == Encoding::BINARY && text.ascii_only?
      raise NotSerializable, "bytes cannot be said in JSON: #{text[0, 20].inspect}" if text.encoding == Encoding::BINARY

      text.encode(Encoding::UTF_8)
    end

    def finite(number)
      raise NotSerializable, "#{number} cannot be said in JSON" unless number.finite?

      number
    end

    def decimal(number)
      finite(number)
      number.to_s("F")
    end

    def instant(time)
      time.getutc.iso8601(time.nsec.zero? ? 0 : 6)
    end

    private_class_method :plain, :other, :converted, :own_json?, :key, :text, :finite, :decimal, :instant
  end
end
