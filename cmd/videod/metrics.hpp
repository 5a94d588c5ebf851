#pragma once

#include <string>

namespace video {
class LocalToolkit;
}  // namespace video

namespace video::http {
class Router;
class SentryReporter;
class Transport;
}  // namespace video::http

namespace video::daemon {

/// What metrics are collected from. Everything must outlive the collecting.
struct Measured {
  LocalToolkit& toolkit;
  http::Router& router;
  http::Transport& transport;
  const http::SentryReporter* sentry = nullptr;  ///< null: errors are sent nowhere
};

/// Returns all metrics of the daemon in Prometheus's text format. The number of series does not depend on what clients
/// send. May be called from any thread. Throws Error.
std::string collectMetrics(const Measured& measured);

}  // namespace video::daemon
