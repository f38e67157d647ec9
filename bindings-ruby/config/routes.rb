# frozen_string_literal: true

# What can be asked for stands in the engine (`/openapi.json`). These have names, as they had in tasker-engine 1.0.
Tasker::Engine.routes.draw do
  name = %r{[^/]+}

  scope format: false do
    controller "api" do
      get "health/ready", action: :ready
      get "health/live", action: :live
      get "health/status", action: :status
      get "metrics", action: :index
      get "analytics/performance", action: :performance
      get "analytics/bottlenecks", action: :bottlenecks
      post "graphql", action: :execute

      get "handlers", action: :index
      get "handlers/:namespace", action: :show_namespace, as: :handlers_namespace, constraints: {namespace: name}
      get "handlers/:namespace/:name", action: :show, as: :handler, constraints: {namespace: name, name: name}
    end

    resources :tasks, only: %i[index show create update destroy], controller: "api" do
      resources :workflow_steps, only: %i[index show update destroy], controller: "api", constraints: {id: name}
    end

    match "/", to: "api#answer", via: :all, as: :root
    match "*path", to: "api#answer", via: :all
  end
end
