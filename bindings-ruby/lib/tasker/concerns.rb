# frozen_string_literal: true

module Tasker
  # What classes of an application may include.
  module Concerns
    autoload :Authorizable, "tasker/concerns/authorizable"
  end
end
