# frozen_string_literal: true

# Workers of Tasker inside Sidekiq's processes. In an initializer:
#
#   require "tasker/sidekiq"
#
# A worker starts and stops with its process. On TSTP and on TERM it claims nothing more; handlers that run may finish within
# `execution.shutdown_grace_seconds`, while Sidekiq waits for its own jobs. Handlers share ActiveRecord's pool with jobs: `pool` in
# config/database.yml has to be larger than Sidekiq's concurrency.

require "sidekiq"
require "tasker"
require "tasker/embedded_worker"

Sidekiq.configure_server do |config|
  worker = Tasker::EmbeddedWorker.new
  config.on(:startup) { worker.start(beside: config.total_concurrency) }
  config.on(:quiet) { worker.request_stop }
  config.on(:shutdown) { worker.stop }
end
