#include "web/own_pages.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <system_error>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "http/content/conditions.hpp"
#include "http/header_values.hpp"
#include "http/routing/router.hpp"
#include "os/descriptor.hpp"

namespace video {
namespace {

namespace fs = std::filesystem;
using http::Answer;
using http::Exchange;
using http::Method;
using http::Route;

constexpr Route ownPage(std::string_view path, Method method = Method::get) {
  return {.name = "web.page", .method = method, .path = path, .roles = http::web, .summary = "Get a page of the site"};
}

constexpr std::array<std::string_view, 6> parameters{"a", "b", "c", "d", "e", "f"};
constexpr std::array statics{ownPage("/statics/{a}"),
                             ownPage("/statics/{a}/{b}"),
                             ownPage("/statics/{a}/{b}/{c}"),
                             ownPage("/statics/{a}/{b}/{c}/{d}"),
                             ownPage("/statics/{a}/{b}/{c}/{d}/{e}"),
                             ownPage("/statics/{a}/{b}/{c}/{d}/{e}/{f}")};
constexpr Route emptyFile = ownPage("/statics/");
constexpr Route topFile = ownPage("/{a}");

std::string_view mediaTypeOf(const fs::path& file) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 17> types{
      {{".html", "text/html; charset=utf-8"},
       {".htm", "text/html; charset=utf-8"},
       {".css", "text/css; charset=utf-8"},
       {".js", "text/javascript; charset=utf-8"},
       {".mjs", "text/javascript; charset=utf-8"},
       {".json", "application/json; charset=utf-8"},
       {".txt", "text/plain; charset=utf-8"},
       {".svg", "image/svg+xml"},
       {".png", "image/png"},
       {".jpg", "image/jpeg"},
       {".jpeg", "image/jpeg"},
       {".gif", "image/gif"},
       {".webp", "image/webp"},
       {".ico", "image/x-icon"},
       {".woff", "font/woff"},
       {".woff2", "font/woff2"},
       {".vtt", "text/vtt; charset=utf-8"}}};
  const std::string extension = file.extension().string();
  for (const auto& [known, type] : types)
    if (equalWithoutCase(extension, known)) return type;
  return "application/octet-stream";
}

// Returns whether a segment of a path names a file or folder that is not hidden.
bool isPlainName(std::string_view part) {
  return !part.empty() && part.front() != '.' &&
         part.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

struct OpenFile {
  std::shared_ptr<const Descriptor> file;
  std::uint64_t size = 0;
  Time modified{};
};

OpenFile openRegular(const fs::path& path) {
  OpenFile opened;
  auto file = std::make_shared<const Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!*file || ::fstat(file->number(), &status) != 0 || !S_ISREG(status.st_mode)) return opened;
  opened.file = std::move(file);
  opened.size = static_cast<std::uint64_t>(status.st_size);
  opened.modified = Time{std::chrono::milliseconds{status.st_mtim.tv_sec * 1000 + status.st_mtim.tv_nsec / 1'000'000}};
  return opened;
}

class OwnPages {
 public:
  explicit OwnPages(fs::path root) : root_(std::move(root)) {}

  // Sends the first of these files that exists.
  void answerWith(const std::vector<fs::path>& files, const Exchange& exchange, Answer& answer) const {
    for (const fs::path& file : files)
      if (const OpenFile found = openRegular(root_ / file); found.file)
        return send(found, mediaTypeOf(file), exchange, answer);
    throw Error(Fault::notFound, "no such path");
  }

  void file(const Exchange& exchange, Answer& answer, bool inStatics) const {
    fs::path path;
    bool isPlain = true;
    for (const std::string_view parameter : parameters)
      if (const auto part = exchange.pathParameter(parameter)) {
        isPlain = isPlain && isPlainName(*part);
        path /= *part;
      }
    std::vector<fs::path> files;
    if (isPlain && inStatics) files.push_back("statics" / path);
    if (isPlain) files.push_back(path);  // the original serves its whole folder as /statics
    answerWith(files, exchange, answer);
  }

 private:
  static void send(const OpenFile& found, std::string_view type, const Exchange& exchange, Answer& answer) {
    ContentMeta meta;
    meta.size = found.size;
    meta.modified = found.modified;
    meta.etag = fmt::format("\"{:x}-{:x}\"", found.modified.time_since_epoch().count(), found.size);
    answer.set("ETag", meta.etag);
    answer.set("Cache-Control", "no-cache");
    if (http::weigh(exchange.request.head, meta) == http::Condition::notModified) {
      answer.status = 304;
      return;
    }
    answer.set("Content-Type", std::string(type));
    if (found.size > 0) answer.content.push_back({{}, found.file, 0, found.size});
  }

  fs::path root_;
};

// Shows an error as a page to clients that prefer HTML; others get JSON. The envelope has its own error replies.
void showError(const http::Head& head, Answer& answer) {
  const std::string_view accepted = head.header("Accept");
  const bool wantsHtml =
      http::weightOf(accepted, "text/html").value_or(0) > http::weightOf(accepted, "application/json").value_or(0);
  if (!wantsHtml || head.path == "/api") return;
  const bool isMissing = answer.status == 404;
  const std::string title = isMissing ? "Not found" : fmt::format("Error {}", answer.status);
  const std::string_view text = isMissing ? "This page does not exist." : "The request could not be answered.";
  std::erase_if(answer.headers, [](const auto& header) { return header.first == "Content-Type"; });
  answer.set("Content-Type", "text/html; charset=utf-8");
  answer.content.clear();
  answer.content.push_back({fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<title>{0}</title>\n<h1>{0}</h1>\n"
                                        "<p>{1}</p>\n</html>\n",
                                        title, text),
                            nullptr, 0, 0});
}

bool hasCookie(const http::Head& head, std::string_view wanted) {
  for (std::string_view cookies : head.headerValues("Cookie"))
    while (!cookies.empty()) {
      const std::string_view pair = trimmed(cookies.substr(0, cookies.find(';')));
      cookies.remove_prefix(std::min(
          cookies.size(), cookies.find(';') == std::string_view::npos ? cookies.size() : cookies.find(';') + 1));
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == wanted && equals + 1 < pair.size()) return true;
    }
  return false;
}

}  // namespace

void serveOwnPages(http::Router& router, const fs::path& root) {
  std::error_code failed;
  if (!fs::is_directory(root, failed))
    throw Error(Fault::malformed, fmt::format("web.root: {}: is not a folder", root.string()));
  const auto pages = std::make_shared<const OwnPages>(root);
  // A user with both cookies of the original's pages is signed in.
  const auto page = [pages](bool isHome) {
    return [pages, isHome](const Exchange& exchange, Answer& answer) {
      const http::Head& head = exchange.request.head;
      const bool isSignedIn = hasCookie(head, "username") && hasCookie(head, "session");
      if (isSignedIn == isHome && head.method != Method::post) {
        answer.status = 302;
        answer.set("Location", isHome ? "/userhome" : "/");
        return;
      }
      pages->answerWith(
          isHome ? std::vector<fs::path>{"index.html", "home.html"} : std::vector<fs::path>{"userhome.html"}, exchange,
          answer);
    };
  };
  for (const Method method : {Method::get, Method::post}) {
    router.serveRaw(ownPage("/", method), page(true));
    router.serveRaw(ownPage("/userhome", method), page(false));
  }
  for (const Route& route : statics)
    router.serveRaw(route, [pages](const Exchange& exchange, Answer& answer) { pages->file(exchange, answer, true); });
  router.serveRaw(topFile, [pages](const Exchange& exchange, Answer& answer) { pages->file(exchange, answer, false); });
  router.serveRaw(emptyFile, [](const Exchange&, Answer&) { throw Error(Fault::notFound, "no such path"); });
  router.setErrorPage([](const Error&, const http::Head& head, Answer& answer) { showError(head, answer); });
  serveEnvelope(router);
}

}  // namespace video
