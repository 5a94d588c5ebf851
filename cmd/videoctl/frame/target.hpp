#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/credential.hpp"
#include "http/client/client.hpp"
#include "settings/settings.hpp"

namespace video::ctl {

struct Flags;

/// How a command reaches its data (see `videoctl help modes`), and as whom.
struct Target {
  enum class Kind { direct, socket, remote };
  Kind kind = Kind::direct;
  std::string address;  ///< the data directory, the socket or the URL
  Credential by;
  Settings settings;             ///< direct and socket only
  std::string origin;            ///< where the path of the data directory came from
  std::filesystem::path socket;  ///< where a daemon on the data directory listens; direct and socket only
  std::string context;           ///< the context in use; empty for none
  http::ClientOptions client;    ///< socket and remote only
};

/// Chooses the mode from flags, environment, contexts and configuration. Throws Usage, Error.
Target pickTarget(const Flags& flags);

/// Chooses between the socket and direct modes; always direct if `direct` is true. Throws Usage, Error.
Target pickLocal(const Flags& flags, bool direct);

/// Returns the socket mode of a daemon that serves the data directory of a direct mode; nothing if none answers.
std::optional<Target> overSocket(const Target& direct, const Flags& flags);

/// Checks a server URL and returns it without trailing slashes. Throws Usage.
std::string checkedUrl(std::string_view url);

}  // namespace video::ctl
