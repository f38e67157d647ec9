# frozen_string_literal: true

# An application template of Rails: a new application with Tasker in it, and a workflow to begin with.
#
#   tasker new rails my_app
#   rails new my_app --database=postgresql --template=PATH/TO/THIS/FILE

# TASKER_GEM: the folder of a gem that is being worked on.
ENV["TASKER_GEM"] ? gem("tasker-engine", path: ENV["TASKER_GEM"]) : gem("tasker-engine", "~> 2.0")

file "Procfile.dev", <<~PROCFILE
  web: bin/rails server
  worker: bin/tasker worker
PROCFILE

after_bundle do
  generate "tasker:install"
  generate "tasker:workflow", "shop", "process_order",
    "validate_cart", "reserve_stock:validate_cart", "charge_payment:validate_cart", "ship_order:reserve_stock,charge_payment"

  say <<~TEXT

    Tasker is installed. Next:

      cd #{app_path}
      bin/rails db:prepare                     makes the databases, and Tasker's schema in them
      bin/rails test test/tasks                runs the workflow in a test
      bin/tasker worker                        runs tasks: one that was created by

      bin/rails runner 'p Tasker.create_task!("process_order", namespace: "shop", context: {order_id: 1})'

    The workflow is config/tasker/tasks/shop/process_order.yaml, its steps are in app/tasks/shop/process_order.
  TEXT
end
