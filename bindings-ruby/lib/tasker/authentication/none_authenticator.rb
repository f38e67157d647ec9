# frozen_string_literal: true

module Tasker
  module Authentication
    # Lets everybody in, and knows nobody.
    class NoneAuthenticator
      include Interface

      def authenticate!(_controller) = true

      def current_user(_controller) = nil

      def authenticated?(_controller) = true
    end
  end
end
