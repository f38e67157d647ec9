# frozen_string_literal: true

# Workers of Tasker inside Puma, for applications that want one process to deploy. In config/puma.rb:
#
#   plugin :tasker
#
# There is one in each process that serves requests: in a cluster in each of Puma's workers, and never in the master, which only
# forks. A process that Puma stops, restarts or replaces (phased restart) drains first: handlers that run may finish within
# `execution.shutdown_grace_seconds`. Give Puma a little longer than that:
#
#   worker_shutdown_timeout 45
#
# Handlers share ActiveRecord's pool with requests: `pool` in config/database.yml has to be larger than Puma's threads.

require "puma/plugin"
require "tasker/embedded_worker"

Puma::Plugin.create do
  def start(launcher)
    worker = Tasker::EmbeddedWorker.new
    threads = launcher.options[:max_threads].to_i
    work = -> { worker.start(beside: threads) { defined?(Rails.application) && Rails.application&.initialized? } }
    if launcher.options[:workers].to_i.positive?
      in_each_process(launcher.config, worker, work)
    else
      in_this_process(launcher.events, worker, work)
    end
  end

  private

  # The application may be loaded before the fork (preload_app!) or after it; the worker waits for it.
  def in_each_process(config, worker, work)
    # Not by a method `config` of the plugin: Puma then forgets the first option of the user's file.
    file = Puma::DSL.new(config.options.file_options, config)
    hook(file, :before_worker_boot, :on_worker_boot) { work.call }
    hook(file, :before_worker_shutdown, :on_worker_shutdown) { worker.stop }
    # With fork_worker, the first process is the one that forks.
    hook(file, :before_refork, :on_refork) { worker.stop }
    hook(file, :after_refork) { work.call }
  end

  def in_this_process(events, worker, work)
    hook(events, :after_booted, :on_booted) { work.call }
    hook(events, :after_stopped, :on_stopped) { worker.stop }
    hook(events, :before_restart, :on_restart) { worker.stop }
  end

  # The names of Puma 7 and later come first.
  def hook(registry, *names, &)
    registry.public_send(names.find { |name| registry.respond_to?(name) }, &)
  end
end
