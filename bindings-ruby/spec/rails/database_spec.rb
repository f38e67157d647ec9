# frozen_string_literal: true

require "active_record"
require "active_record/database_configurations"
require "tasker/railties"

RSpec.describe Tasker::Railties::Database do
  def url(**settings)
    described_class.url_of(
      ActiveRecord::DatabaseConfigurations::HashConfig.new("test", "primary", {adapter: "postgresql", database: "shop", **settings})
    )
  end

  it "leads to a host" do
    expect(url(host: "db.example", port: 5433, username: "anna", password: "a&b/c d"))
      .to eq("postgres:///shop?host=db.example&port=5433&user=anna&password=a%26b%2Fc+d")
  end

  it "leads to a folder of sockets" do
    expect(url(host: "/run/postgresql")).to eq("postgres:///shop?host=%2Frun%2Fpostgresql")
  end

  it "leaves to libpq's defaults what the application leaves to them" do
    expect(url).to eq("postgres:///shop")
  end

  it "leads to an IPv6 address" do
    expect(url(host: "::1")).to eq("postgres:///shop?host=%3A%3A1")
  end

  it "prefers the host to its address, and ActiveRecord's word for the user to libpq's" do
    expect(url(hostaddr: "10.0.0.1", host: "db", user: "anna", username: "bob"))
      .to eq("postgres:///shop?host=10.0.0.1&host=db&user=anna&user=bob")
  end

  it "takes TLS along" do
    expect(url(sslmode: :"verify-full", sslrootcert: "ca.pem", sslcert: "me.pem", sslkey: "me.key"))
      .to eq("postgres:///shop?sslmode=verify-full&sslrootcert=ca.pem&sslcert=me.pem&sslkey=me.key")
  end

  it "leaves out what a session of the application is like" do
    expect(url(schema_search_path: "shop,public", variables: {statement_timeout: 5000}, pool: 5, prepared_statements: false))
      .to eq("postgres:///shop")
  end

  it "says nothing of another kind of database" do
    expect(url(adapter: "sqlite3")).to be_nil
  end

  it "takes PostGIS for PostgreSQL" do
    expect(url(adapter: "postgis")).to eq("postgres:///shop")
  end
end
