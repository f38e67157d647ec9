# frozen_string_literal: true

module Tasker
  # How many handlers run at once in this process.
  # @api private
  module Concurrency
    module_function

    # What is wanted, unless the pool of ActiveRecord is smaller: handlers that wait for connections fail after a few seconds, and
    # make others wait. Where somebody wanted more, the log says so.
    #
    # @param wanted [Integer, nil] else `execution.max_concurrent_steps_limit` of the configuration, else its default
    # @param beside [Integer] how many threads of the process use the pool besides: those of a web server, for example
    # @return [Integer] 1 at the least
    def fit(wanted = nil, beside: 0)
      execution = Tasker.configuration.execution
      by_default = wanted.nil? && !execution.given?(:max_concurrent_steps_limit)
      wanted ||= execution.max_concurrent_steps_limit
      room = pool_size&.then { |size| [size - beside, 1].max }
      return wanted if room.nil? || wanted <= room

      Tasker.logger.warn { "[tasker] #{lowered(wanted, room, beside)}" } unless by_default
      room
    end

    # @return [Integer, nil] how many connections ActiveRecord may have in this process; nil where it has no limit, or no database
    def pool_size
      return unless defined?(::ActiveRecord::Base)

      size = ::ActiveRecord::Base.connection_pool.size
      size if size && size.positive? && size.finite?
    rescue ::ActiveRecord::ConnectionNotEstablished
      nil
    end

    def lowered(wanted, room, beside)
      others = " and #{beside} other threads use them" if beside.positive?
      "#{room} handlers run at once and not #{wanted}: ActiveRecord has #{pool_size} connections in this process#{others}. " \
        "For more raise `pool` (or `max_connections`) in config/database.yml"
    end

    private_class_method :pool_size, :lowered
  end
end
