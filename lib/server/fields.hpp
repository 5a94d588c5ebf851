#pragma once

#include "server/server.hpp"

namespace video {

template <>
struct Fields<Bucket> {
  static constexpr std::string_view plural = "limits";
  static constexpr std::tuple list{
      Field{"name", &Bucket::name,
            "streams, uploads, buffered (bytes); of the busiest address: address (streams), upload_address, "
            "connection_address"},
      Field{"in_use", &Bucket::inUse, "how many are in use"},
      Field{"most", &Bucket::most, "the limit"},
      Field{"refused", &Bucket::refused, "requests refused since the daemon started"},
  };
};

template <>
struct Fields<ServerLimits> {
  static constexpr std::tuple list{
      Field{"limits", &ServerLimits::buckets, "all limits"},
  };
};

template <>
struct Fields<ServerStatus> {
  static constexpr std::tuple list{
      Field{"version", &ServerStatus::version, "version of videod"},
      Field{"started", &ServerStatus::started, "when the daemon started"},
      Field{"pid", &ServerStatus::pid, "process id"},
      Field{"ready", &ServerStatus::ready, "writes succeed and the daemon is not stopping"},
      Field{"disk_low", &ServerStatus::diskLow, "free space is below the floor"},
      Field{"connections", &ServerStatus::connections, "open connections"},
      Field{"workers", &ServerStatus::workers, "worker threads"},
      Field{"degraded", &ServerStatus::degraded, "what needs attention: disk, contents, clock"},
      Field{"warnings", &ServerStatus::warnings, "what should be set up differently"},
  };
};

template <>
struct Fields<Reloaded> {
  static constexpr std::tuple list{
      Field{"changed", &Reloaded::changed, "settings now in effect"},
      Field{"kept", &Reloaded::kept, "settings that need a restart"},
  };
};

}  // namespace video
