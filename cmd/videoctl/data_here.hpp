#pragma once

#include <string_view>

#include "frame/command.hpp"

namespace video::ctl {

/// Chooses the data directory itself, which needs direct mode. Throws Usage if a server was asked for.
Target pickHere(Caller& caller, std::string_view command);

/// Add the verbs that take a whole site in and out.
void addDataImport(Commands& commands, CLI::App& noun);
void addDataExport(Commands& commands, CLI::App& noun);

}  // namespace video::ctl
