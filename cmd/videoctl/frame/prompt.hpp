#pragma once

#include <string>
#include <string_view>

namespace video::ctl {

struct Flags;

/// Where to read a password from. Neither: ask on the terminal.
struct PasswordFrom {
  bool input = false;  ///< --password-stdin
  std::string file;    ///< --password-file
};

/// Whether questions can be asked: standard input and standard error are terminals and --no-input is not given.
bool canAsk(const Flags& flags);

/// Prints a question and reads a line from the terminal. Throws Usage at end of file.
std::string ask(std::string_view question);

/// Reads a password as `from` says, or asks for it without echo; `twice` asks for it again, for a new password. Throws
/// Usage, Error.
std::string readPassword(const Flags& flags, const PasswordFrom& from, bool twice,
                         std::string_view question = "Password: ");

/// Asks for confirmation, unless --yes is given. Throws Usage if nobody can be asked, and Error if the answer is no.
void confirm(const Flags& flags, std::string_view command, std::string_view question);

}  // namespace video::ctl
