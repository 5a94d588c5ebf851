#pragma once

#include <string>
#include <string_view>

namespace video::ctl {

struct Flags;

/// Where a password comes from, where it is not asked for.
struct PasswordFrom {
  bool input = false;  ///< --password-stdin
  std::string file;    ///< --password-file
};

/// Whether somebody is there to be asked: stdin and stderr are a terminal, and --no-input is not given.
bool canAsk(const Flags& flags);

/// A line from the terminal.
std::string ask(std::string_view question);

/// The password, from where `from` says or asked for without echo (`twice` for a new one). Throws Usage, Error.
std::string readPassword(const Flags& flags, const PasswordFrom& from, bool twice,
                         std::string_view question = "Password: ");

/// Asks whether to go on, unless --yes; throws Usage where nobody can be asked, Error where the answer is no.
void confirm(const Flags& flags, std::string_view command, std::string_view question);

}  // namespace video::ctl
