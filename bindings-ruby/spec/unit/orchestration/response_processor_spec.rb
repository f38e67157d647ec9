# frozen_string_literal: true

require_relative "../unit_helper"

RSpec.describe Tasker::Orchestration::ResponseProcessor do
  let(:step) { Unit.step(attempt: 2) }

  def process(status, headers = {}, config: nil)
    described_class.new(config:).process_response(step, {status:, headers:, body: "said"})
  end

  def failure(...)
    process(...)
    nil
  rescue Tasker::ProceduralError => e
    e
  end

  it "takes 200 to 226 for success" do
    expect([200, 201, 204, 226].map { |status| process(status) }).to all(be_nil)
    expect(failure(227)).to be_a(Tasker::RetryableError)
  end

  it "gives up on what will never work" do
    [400, 401, 403, 404, 422].each do |status|
      expect(failure(status)).to be_a(Tasker::PermanentError).and have_attributes(error_code: "HTTP_#{status}")
    end
  end

  it "tries everything else again" do
    [302, 408, 409, 418, 425, 429, 500, 502, 503, 504].each { |status| expect(failure(status)).to be_a(Tasker::RetryableError) }
  end

  it "says what was answered, and to which step" do
    expect(failure(500)).to have_attributes(
      message: "the service answered 500 to the step 'charge': said",
      context: {step_name: "charge", response_status: 500, response_body: "said"}
    )
  end

  it "waits as long as the service asks, a second at the least" do
    expect(failure(429, {"Retry-After" => "30"}).retry_after).to eq(30)
    expect(failure(503, {"retry-after" => "0"}).retry_after).to eq(1)
    expect(failure(503, {"Retry-After" => (Time.now + 90).httpdate}).retry_after).to be_between(85, 91)
  end

  it "leaves the wait to the step's policy where nobody says anything that can be read" do
    expect(failure(429).retry_after).to be_nil
    expect(failure(429, {"Retry-After" => "soon"}).retry_after).to be_nil
  end

  it "waits as the handler's configuration says, where the service says nothing" do
    config = Tasker::StepHandler::Api::Config.new(url: "x", retry_delay: 3)
    expect(failure(503, config:).retry_after).to eq(6)
    expect(failure(503, {"Retry-After" => "9"}, config:).retry_after).to eq(9)
  end

  it "refuses what is no response" do
    expect { described_class.new.process_response(step, {id: 7}) }.to raise_error(ArgumentError, /has a status of HTTP's/)
  end
end
