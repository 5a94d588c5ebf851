#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "access/access.hpp"
#include "http/limiter.hpp"
#include "http/message.hpp"
#include "http/transport.hpp"
#include "observe/log.hpp"
#include "store/database.hpp"

namespace video {

// The authors of http/limiter.hpp, observe/log.hpp and the rooms' Options give this its last members.

struct Settings {
  std::filesystem::path dataDirectory = "/var/lib/videod";
  std::string adminSocket;
  std::vector<http::Listener> listeners{http::Listener{}};
};

}  // namespace video
