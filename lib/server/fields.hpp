#pragma once

#include "server/server.hpp"

namespace video {

template <>
struct Fields<Bucket> {
  static constexpr std::string_view plural = "limits";
  static constexpr std::tuple list{
      Field{"name", &Bucket::name, "which bucket: streams, address (the busiest one), uploads"},
      Field{"in_use", &Bucket::inUse, "tokens that are out"},
      Field{"most", &Bucket::most, "tokens there are"},
      Field{"refused", &Bucket::refused, "requests that found none, since the start"},
  };
};

template <>
struct Fields<ServerLimits> {
  static constexpr std::tuple list{
      Field{"limits", &ServerLimits::buckets, "the buckets"},
  };
};

template <>
struct Fields<ServerStatus> {
  static constexpr std::tuple list{
      Field{"version", &ServerStatus::version, "of the program"},
      Field{"started", &ServerStatus::started, "since when it runs"},
      Field{"pid", &ServerStatus::pid, "its process"},
      Field{"ready", &ServerStatus::ready, "writes succeed, and it is not stopping"},
      Field{"disk_low", &ServerStatus::diskLow, "free space is below the floor"},
      Field{"connections", &ServerStatus::connections, "open ones"},
      Field{"workers", &ServerStatus::workers, "threads"},
  };
};

template <>
struct Fields<Reloaded> {
  static constexpr std::tuple list{
      Field{"changed", &Reloaded::changed, "settings in force from now on"},
      Field{"kept", &Reloaded::kept, "settings that a restart takes over"},
  };
};

}  // namespace video
