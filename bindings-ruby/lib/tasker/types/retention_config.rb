# frozen_string_literal: true

module Tasker
  module Types
    # What is kept, and for how long. Nothing is deleted unless asked.
    class RetentionConfig < BaseConfig
      block :retention

      setting :finished_seconds, Kind::NUMBER.optional, nil
      setting :rules, Kind.list_of(Kind::HASH, "Hashes"), []
      setting :archive_directory, Kind::PATH.optional, nil
      setting :archive_format, Kind.one_of(:jsonl, :jsonl_zstd, :parquet), :jsonl
      setting :batch_size, Kind::INTEGER, 500
      setting :interval_seconds, Kind::NUMBER, 300
      setting :trail_seconds, Kind::NUMBER.optional, nil
      setting :partition_seconds, Kind::NUMBER, 604_800
      setting :workers_seconds, Kind::NUMBER, 2_592_000
    end
  end
end
