# frozen_string_literal: true

module Tasker
  class Import
    # Says how far it is, on one line of a terminal, or now and then on a line of its own.
    # @api private
    class Progress
      # How often it speaks where it cannot write over what it said.
      PAUSE_SECONDS = 5.0

      # One thing that is counted.
      class Bar
        # @param name [String]
        # @param total [Integer]
        # @param output [IO]
        def initialize(name, total, output)
          @name = name
          @total = total
          @output = output
          @done = 0
          @begun = @spoken = now
        end

        # @param count [Integer] how many more are done
        # @return [void]
        def advance(count)
          @done += count
          say if terminal? || now - @spoken >= PAUSE_SECONDS
        end

        # @return [void]
        def finish
          say
          @output.puts if terminal?
        end

        private

        def say
          @spoken = now
          line = "#{@name}: #{grouped(@done)} of #{grouped(@total)}#{pace}"
          terminal? ? @output.print("\r#{line.ljust(79)}") : @output.puts(line)
        end

        def pace
          seconds = now - @begun
          return if @done.zero? || seconds < 1

          left = (@total - @done) * seconds / @done
          ", #{grouped((@done / seconds).round)} a second#{", about #{left.ceil} s to go" if left >= 1}"
        end

        def grouped(number) = number.to_s.gsub(/(?<=\d)(?=(\d{3})+\z)/, ",")

        def terminal? = @output.tty?

        def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      end

      # Nobody listens.
      class Silence
        def advance(_count) = nil
      end

      # @param output [IO, nil]
      def initialize(output)
        @output = output
      end

      # @param name [String] what is counted
      # @param total [Integer] how many there are
      # @yieldparam bar [#advance]
      # @return [Object] what the block returns
      def over(name, total)
        return yield Silence.new if @output.nil? || total.zero?

        bar = Bar.new(name, total, @output)
        yield(bar).tap { bar.finish }
      end
    end
  end
end
