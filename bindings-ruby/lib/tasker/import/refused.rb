# frozen_string_literal: true

module Tasker
  class Import
    # The import is not begun: the message says what stands against it, and what to do. Nothing was written.
    class Refused < Error; end

    # There are no tables of the ancestor's here.
    class NothingThere < Refused; end
  end
end
