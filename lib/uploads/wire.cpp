#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "http/client/client.hpp"
#include "http/routing/router.hpp"
#include "uploads/fields.hpp"
#include "uploads/make.hpp"

namespace video {
namespace {

namespace wire {
using http::Endpoint;
using http::Method;
constexpr Endpoint<Upload, Uploaded> form{{.name = "uploads.put",
                                           .method = Method::post,
                                           .path = "/upload/{id}",
                                           .success = 201,
                                           .roles = http::stream,
                                           .summary = "Upload a video's content",
                                           .formPart = "file",
                                           .mediaType = "text/plain",
                                           .flags = {.plainErrors = true, .tooLargeIs400 = true, .takesLink = true}}};
constexpr Endpoint<Upload, Uploaded> put{{.name = "uploads.put",
                                          .method = Method::put,
                                          .path = "/upload/{id}",
                                          .success = 201,
                                          .roles = http::stream,
                                          .summary = "Upload a video's content",
                                          .mediaType = "text/plain",
                                          .flags = {.plainErrors = true, .takesLink = true}}};
constexpr Endpoint<BeginUpload, UploadStatus> begin{
    {.name = "uploads.begin",
     .method = Method::post,
     .path = "/upload/{id}/begin",
     .roles = http::stream,
     .summary = "Check whether an upload would be accepted before sending it",
     .flags = {.takesLink = true}}};
constexpr Endpoint<BeginUpload, UploadStatus> status{{.name = "uploads.status",
                                                      .method = Method::get,
                                                      .path = "/upload/{id}/status",
                                                      .roles = http::stream,
                                                      .summary = "Show the state of an upload",
                                                      .flags = {.takesLink = true}}};
constexpr Endpoint<VideoRef, Uploaded> stripLocation{{.name = "uploads.stripLocation",
                                                      .method = Method::post,
                                                      .path = "/video/{id}/strip-location",
                                                      .summary = "Remove from a video's file where it was taken"}};
constexpr Endpoint<RehearseUpload, RehearsedUpload> rehearse{
    {.name = "uploads.rehearse",
     .method = Method::post,
     .path = "/user/{user_name}/uploads/rehearse",
     .summary = "Check whether an upload would succeed before creating the video"}};
constexpr http::Route testpage{.name = "uploads.testpage",
                               .method = Method::get,
                               .path = "/testpage",
                               .roles = http::stream,
                               .summary = "Get the upload page for browsers"};
}  // namespace wire

// The test page of the original site: a form that uploads to a video. A first form selects the video, so that no script
// is needed.
constexpr std::string_view askPage = R"(<form action="/testpage">
<p><label>Video id, or upload_url: <input name="video" size="60" required autofocus></label>
<button>Go on</button></p>
</form>)";
constexpr std::string_view uploadPage = R"(<form action="{}" method="post" enctype="multipart/form-data">
<p><label>File: <input type="file" name="file" required></label>
<button>Upload</button></p>
<p>A video id alone needs you to be signed in here; an upload_url does not.</p>
</form>)";

// Returns the target of the upload form: the path of the upload, with the signed link if there is one. Throws
// malformed.
std::string uploadTarget(const std::string& video) {
  constexpr std::string_view folder = "/upload/";
  const auto isPlain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || std::string_view("-_?=&").find(c) != std::string::npos;
  };
  const std::string_view rest = std::string_view(video).substr(video.starts_with(folder) ? folder.size() : 0);
  if (rest.empty() || !std::all_of(rest.begin(), rest.end(), isPlain))
    throw Error(Fault::malformed, "video: neither a video id nor an upload_url");
  std::string target(folder);
  for (const char c : rest) target += c == '&' ? std::string("&amp;") : std::string(1, c);
  return target;
}

void sayPage(const http::Exchange& exchange, http::Answer& answer) {
  std::string form(askPage);
  for (const auto& [name, value] : exchange.query())
    if (name == "video") form = fmt::format(uploadPage, uploadTarget(value));
  answer.set("Content-Type", "text/html; charset=utf-8");
  answer.set("Content-Security-Policy",
             "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'");
  answer.set("Referrer-Policy", "no-referrer");
  answer.content.push_back(
      {fmt::format("<!DOCTYPE html>\n<html lang=\"en\">\n<title>Upload a video</title>\n{}\n</html>\n", form), nullptr,
       0, 0});
}

class RemoteUploads : public Uploads {
 public:
  explicit RemoteUploads(http::Client& server) : server_(server) {}
  UploadStatus begin(const Credential& by, const BeginUpload& wanted) override {
    return server_.call(wire::begin, by, wanted);
  }
  Uploaded put(const Credential& by, const Upload& wanted, const ByteSource& bytes) override {
    BeginUpload first{wanted.id, std::nullopt, wanted.digest};
    if (bytes.size) first.size = static_cast<std::int64_t>(*bytes.size);
    const bool replaced = begin(by, first).ready;  // so that a refusal is known before a byte is sent
    server_.send(wire::put, by, wanted, bytes);
    const UploadStatus now = status(by, first);
    return {now.id, replaced, now.size, now.sha256, now.contentType, now.notes};
  }
  RehearsedUpload rehearse(const Credential& by, const RehearseUpload& wanted) override {
    return server_.rehearse(wire::rehearse, by, wanted);
  }
  Uploaded stripLocation(const Credential& by, const VideoRef& wanted) override {
    return server_.call(wire::stripLocation, by, wanted);
  }
  UploadStatus status(const Credential& by, const BeginUpload& wanted) override {
    return server_.call(wire::status, by, wanted);
  }

 private:
  http::Client& server_;
};

}  // namespace

std::unique_ptr<Uploads> makeRemoteUploads(http::Client& server) {
  return std::make_unique<RemoteUploads>(server);
}

void serveUploads(http::Router& router, Uploads& uploads) {
  const auto take = [&](auto& by, Upload& wanted, const ByteSource& bytes, const http::Exchange& exchange) {
    if (auto digest = exchange.contentDigest()) wanted.digest = std::move(digest);
    return uploads.put(by, wanted, bytes);
  };
  const auto answer = [](const Uploaded& given, const http::Exchange& exchange, http::Answer& said) {
    said.content.clear();
    said.headers.clear();  // those of the JSON reply
    if (given.replaced && exchange.route.method == http::Method::put) {
      said.status = 204;
      return;
    }
    said.set("Content-Type", "text/plain; charset=utf-8");
    said.content.push_back({"Uploaded successfully", nullptr, 0, 0});
  };
  router.serveUpload(wire::form, take, answer);
  router.serveUpload(wire::put, take, answer);
  router.serveRaw(wire::testpage, sayPage);
  router.serve(wire::begin, [&](auto& by, auto& wanted) { return uploads.begin(by, wanted); });
  router.serve(wire::rehearse, [&](auto& by, auto& wanted) { return uploads.rehearse(by, wanted); });
  router.serve(wire::stripLocation, [&](auto& by, auto& wanted) { return uploads.stripLocation(by, wanted); });
  router.serve(wire::status, [&](auto& by, auto& wanted) { return uploads.status(by, wanted); });
}

}  // namespace video
