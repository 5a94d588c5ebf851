#pragma once

#include <optional>
#include <string>

#include "base/credential.hpp"
#include "http/client/client.hpp"
#include "settings/settings.hpp"

namespace video::ctl {

struct Flags;

/// How a command reaches its data (cli.md), and who it is there.
struct Target {
  enum class Kind { direct, socket, remote };
  Kind kind = Kind::direct;
  std::string address;  ///< the data directory, the socket or the URL
  Credential by;
  Settings settings;           ///< local ways only
  std::string origin;          ///< where the data directory's path came from
  std::string context;         ///< the context it was taken from; empty for none
  http::ClientOptions client;  ///< socket and remote
};

/// Picks the way by flags, environment, contexts and configuration. Throws Usage, Error.
Target pickTarget(const Flags& flags);

/// The local half of it: never remote, and direct where `direct`. Throws Usage, Error.
Target pickLocal(const Flags& flags, bool direct);

/// Whether a URL is plain http to another machine.
bool isExposed(std::string_view url);

/// Checks a server's URL and returns it without a slash at its end. Throws Usage.
std::string checkedUrl(std::string_view url);

}  // namespace video::ctl
