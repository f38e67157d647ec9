# frozen_string_literal: true

require_relative "http_helper"
require "net/http"
require "puma"
require "puma/server"
require_relative "support/shop"

RSpec.describe "The interface in Puma", :database do
  include HttpHelper
  include InShop

  around do |example|
    @server = Puma::Server.new(Shop.booted, nil, min_threads: 1, max_threads: 1, log_writer: Puma::LogWriter.null)
    @port = @server.add_tcp_listener("127.0.0.1", 0).addr[1]
    @server.run
    example.run
  ensure
    @server.stop(true)
  end

  def http(&) = Net::HTTP.start("127.0.0.1", @port, read_timeout: Databases::PATIENCE_SECONDS, &)

  it "answers the recorded conversation" do
    conversation = http do |connection|
      Conversation.new.hold do |asked|
        request = Net::HTTPGenericRequest.new(asked.method, !asked.body.empty?, asked.method != "HEAD", "/tasker#{asked.target}", asked.headers)
        request.body = asked.body unless asked.body.empty?
        response = connection.request(request)
        Conversation::Answered.new(status: response.code.to_i, content_type: response["content-type"],
          body: response.body.to_s.dup.force_encoding(Encoding::UTF_8))
      end
    end
    conversation.each { |request, answer, expected| expect(answer).to eq(expected), "#{request}\nexpected #{expected}\n     got #{answer}" }
  end

  it "begins an answer before it has ended" do
    register_one
    lines = %({"name": "one", "namespace": "shop"}\n) * 3000
    answers = http do |connection|
      request = Net::HTTP::Post.new("/tasker/tasks/bulk", "content-type" => "application/x-ndjson")
      request.body = lines
      pieces = []
      connection.request(request) { |response| response.read_body { |piece| pieces << piece } }
      pieces
    end
    expect(answers.size).to be > 1
    expect(answers.join.lines.size).to eq(3000)
  end

  it "has a thread free while a stream of events goes on" do
    register_one
    events = Queue.new
    given_up = Queue.new
    native = instance_double(Tasker::Native::Exchange)
    allow(native).to receive(:next) { events.pop }
    allow(native).to receive(:cancel) { given_up << true }
    mount = client.mount({principals: false})
    allow(client).to receive(:mount).and_return(double(begin: native), mount)
    events << [:head, JSON.generate(status: 200, headers: [["content-type", "text/event-stream"]])] << [:chunk, "data: 1\n\n"]

    socket = TCPSocket.new("127.0.0.1", @port)
    socket.write("GET /tasker/stream HTTP/1.1\r\nHost: shop\r\n\r\n")
    expect(socket.gets("data: 1\n\n")).to match(%r{\AHTTP/1.1 200 OK\r\n.*content-type: text/event-stream\r\n}m)
    # There is but one.
    expect(http { |connection| connection.get("/tasker/tasks").code }).to eq("200")
    events << [:chunk, "data: 2\n\n"]
    expect(socket.gets("data: 2\n\n")).to eq("data: 2\n\n")

    # Whoever writes to somebody that has gone away hears of it when the answer to that comes.
    socket.close
    until given_up.size.positive?
      events << [:chunk, ": still there?\n\n"] if events.empty?
      Thread.pass
    end
  end
end
