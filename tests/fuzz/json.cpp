#include "base/json.hpp"

#include <array>

#include "base/text.hpp"
#include "comments/fields.hpp"
#include "deletions/fields.hpp"
#include "fuzz.hpp"
#include "tasks/fields.hpp"
#include "tokens/fields.hpp"
#include "uploads/fields.hpp"
#include "users/fields.hpp"
#include "videos/fields.hpp"

using fuzz::holds;
using namespace video;

namespace {

// A struct is written as it was read.
template <class Struct>
void checkStruct(std::string_view text) {
  std::string written;
  try {
    written = toJson(fromJson<Struct>(text));
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed || error.fault() == Fault::tooLarge, "a struct is refused", error.what());
    holds(isUtf8(error.what()), "a refusal is UTF-8", error.what());
    return;
  }
  holds(toJson(fromJson<Struct>(written, true)) == written, "a struct is read as it was written", written);
}

bool isRefused(const std::string& text) {
  try {
    parseJson(text);
    return false;
  } catch (const Error&) {
    return true;
  }
}

void checkDocument(const std::string& text) {
  try {
    parseJson(text);
    holds(nlohmann::json::accept(text) && isUtf8(text), "accepted input is JSON in UTF-8", text);
    for (const char behind : {'\0', ',', '}'}) holds(isRefused(text + behind), "nothing may follow a document", text);
  } catch (const Error& error) {
    holds(error.fault() == Fault::malformed || error.fault() == Fault::tooLarge, "a document is refused", error.what());
    holds(isUtf8(error.what()), "a refusal is UTF-8", error.what());
  }
  if (!isUtf8(text)) return;
  std::string written;
  appendJsonString(written, text);
  holds(nlohmann::json::parse(written).get<std::string>() == text, "a string is read as it was written", written);
}

void run(fuzz::Input in) {
  constexpr std::array structs{checkStruct<NewUser>,     checkStruct<ChangeUser>, checkStruct<ListQuery>,
                               checkStruct<Video>,       checkStruct<Comment>,    checkStruct<User>,
                               checkStruct<BeginUpload>, checkStruct<Deletion>,   checkStruct<UploadStatus>,
                               checkStruct<Page<Video>>, checkStruct<TaskStatus>, checkStruct<NewToken>};
  const std::uint8_t which = in.byte();
  const std::string text = in.rest();
  checkDocument(text);
  structs[which % structs.size()](text);
}

const fuzz::Target target{"json", run};

}  // namespace
