# frozen_string_literal: true

require "json"

# The conversation of tests/vectors/http.json, which every form of the interface answers alike.
class Conversation
  FILE = File.expand_path("../../../../tests/vectors/http.json", __dir__)
  # A request of it: its method, target, headers, body.
  Asked = Data.define(:method, :target, :headers, :body)
  # What was answered.
  Answered = Data.define(:status, :content_type, :body)

  def initialize
    document = JSON.parse(File.read(FILE))
    @exchanges = document["exchanges"]
    @replace = document["replace"].map { |pattern, by| [Regexp.new(pattern), by] }
    @kept = {}
  end

  # Asks everything.
  #
  # @yieldparam asked [Asked]
  # @yieldreturn [Answered]
  # @return [Array(Hash, Hash, Hash)] each request, what was answered, what was to be
  def hold
    @exchanges.map do |exchange|
      answered = yield asked(exchange["request"])
      keep(exchange["keep"], answered.body)
      body = @replace.reduce(answered.body) { |text, (pattern, by)| text.gsub(pattern, by) }
      [exchange["request"], {"status" => answered.status, "content_type" => answered.content_type, "body" => body}, exchange["answer"]]
    end
  end

  private

  def asked(request)
    headers = request.fetch("headers", {})
    Asked.new(method: request["method"], target: filled(request["target"]), headers:, body: filled(request.fetch("body", "")))
  end

  def filled(text) = @kept.reduce(text) { |filled, (name, value)| filled.gsub("{#{name}}", value) }

  def keep(places, body)
    places&.each { |name, place| @kept[name] = JSON.parse(body).dig(*place.delete_prefix("/").split("/")) }
  end
end
