# frozen_string_literal: true

require_relative "../unit_helper"

RSpec.describe Tasker::Orchestration::RetryHeaderParser do
  let(:now) { Time.utc(2026, 11, 27, 12) }

  {
    nil => 0, "" => 0, " " => 0, "120" => 120, 120 => 120, " 5 " => 5, "86400" => 86_400,
    "Fri, 27 Nov 2026 12:01:30 GMT" => 90, "Fri, 27 Nov 2026 11:00:00 GMT" => 0,
    "soon" => nil, "-5" => nil, "1.5" => nil
  }.each do |header, seconds|
    it "reads #{header.inspect} as #{seconds.inspect}" do
      expect(described_class.new.parse_retry_after(header, now:)).to eq(seconds)
    end
  end
end
