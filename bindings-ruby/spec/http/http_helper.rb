# frozen_string_literal: true

require "spec_helper"
require "json"
require "rack"
require "rack/lint"
require "rack/mock"
require_relative "support/conversation"

# Specs of the interface over HTTP, as a server of Ruby's has it.
module HttpHelper
  # Has a Rack application answer.
  #
  # @return [Conversation::Answered]
  def answer_of(app, asked, prefix: "")
    headers = asked.headers.to_h { |name, value| [(name == "content-type") ? "CONTENT_TYPE" : "HTTP_#{name.upcase.tr("-", "_")}", value.b] }
    response = Rack::MockRequest.new(app).request(asked.method, "#{prefix}#{asked.target}", input: asked.body.b, **headers)
    Conversation::Answered.new(
      status: response.status, content_type: response.headers["content-type"], body: response.body.dup.force_encoding(Encoding::UTF_8)
    )
  end

  # What Rack says of a request.
  def env_for(path, **more) = Rack::MockRequest.env_for(path, more)

  # A template with one step.
  def register_one
    client.register_template({name: "one", namespace_name: "shop", version: "1.0.0",
                              step_templates: [{name: "only", handler: "work"}, {name: "then", handler: "work"}]})
  end

  def create_one(**context) = client.create_task("one", namespace: "shop", context:).task_id
end
