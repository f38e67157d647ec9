# frozen_string_literal: true

# For specs with a `client`.
module LiveWorkers
  # Waits until the engine knows of so many workers that live.
  def wait_for_workers(count)
    ending = Time.now + Application::PATIENCE_SECONDS
    until (found = client.list_workers.count { |worker| worker.health == "alive" }) == count
      raise "#{found} workers live, not #{count}" if Time.now > ending

      sleep 0.1
    end
  end
end
