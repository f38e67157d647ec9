# frozen_string_literal: true

# A service of somebody else's, as the stories know it: it remembers what was asked of it, and can be out of order.
class MockService
  def initialize
    reset
  end

  # Forgets everything.
  def reset
    @calls = Hash.new { |calls, operation| calls[operation] = [] }
    @outages = Hash.new { |outages, operation| outages[operation] = [] }
  end

  # What an operation was called with, each time.
  def calls(operation) = @calls[operation]

  # Lets the next calls of an operation raise an exception, or answer otherwise; nil lets one through.
  def fail_next(operation, outage, times: 1)
    @outages[operation].concat([outage] * times)
    nil
  end

  private

  # Notes a call, and fails if it is to; what is to be answered otherwise.
  def called(operation, **arguments)
    @calls[operation] << arguments
    outage = @outages[operation].shift
    raise outage if outage.is_a?(Exception)

    outage
  end
end
