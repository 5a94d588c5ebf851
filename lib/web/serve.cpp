#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <set>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "http/percent_encoding.hpp"
#include "http/routing/caller.hpp"
#include "http/routing/router.hpp"
#include "http/routing/session_cookie.hpp"
#include "sessions/sessions.hpp"
#include "users/users.hpp"
#include "videos/fields.hpp"
#include "videos/videos.hpp"
#include "web/assets.hpp"
#include "web/pages.hpp"
#include "web/templates.hpp"
#include "web/web.hpp"

namespace video {
namespace {

using namespace web;
using namespace std::chrono_literals;
using http::Answer;
using http::Exchange;
using http::Head;
using http::Method;

constexpr std::size_t largestLogo = 256 * 1024;

constexpr http::Route page(std::string_view name, std::string_view path, Method method = Method::get) {
  return {.name = name, .method = method, .path = path, .roles = http::web};
}

// The optional parts of the API, each with a route that it has.
std::string featuresOf(const http::Router& router) {
  struct Feature {
    std::string_view name;
    Method method;
    std::string_view end;  // of the path
  };
  constexpr Feature known[] = {{"tus", Method::post, "/uploads"},
                               {"thumbnails", Method::put, "/thumbnail"},
                               {"subtitles", Method::put, "/subtitles/{lang}"},
                               {"watch", Method::post, "/watch"},
                               {"drop", Method::post, "/drop/{id}"},
                               {"heat", Method::get, "/heat"},
                               {"danmaku", Method::get, "/danmaku"},
                               {"trending", Method::get, "/trending"},
                               {"search", Method::get, "/search"},
                               {"related", Method::get, "/related"}};
  std::string features;
  for (const Feature& one : known)
    for (const http::Route& route : router.routes())
      if (route.method == one.method && route.path.ends_with(one.end)) {
        features += fmt::format("{}{}", features.empty() ? "" : " ", one.name);
        break;
      }
  return features;
}

// JSON as it can stand within <script type="application/json">.
std::string inScript(std::string json) {
  for (std::size_t at = 0; (at = json.find('<', at)) != std::string::npos;) json.replace(at, 1, "\\u003c");
  return json;
}

// The first line of a text, for a description that other sites show: at most 300 bytes, and only whole characters.
std::string summaryOf(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  std::size_t size = std::min<std::size_t>(text.size(), 300);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return std::string(text.substr(0, size));
}

// The first character of a name.
std::string initialOf(std::string_view name) {
  std::size_t size = 1;
  while (size < name.size() && (static_cast<unsigned char>(name[size]) & 0xC0) == 0x80) ++size;
  return std::string(name.substr(0, size));
}

// A path of the API with the parts of a signed link.
std::string withLink(std::string path, const std::string& query) {
  if (path.empty() || query.empty()) return path;
  path += path.find('?') == std::string::npos ? '?' : '&';
  return path + query.substr(1);
}

// The subtitles of a video, for its player.
std::string tracksOf(const Video& video, const std::string& query) {
  std::string html;
  for (const Subtitle& one : video.subtitles.value_or(std::vector<Subtitle>())) {
    const auto attribute = [&](std::string_view name, std::string_view value) {
      html += fmt::format(" {}=\"", name);
      appendHtml(html, value);
      html += '"';
    };
    html += "<track kind=\"subtitles\"";
    attribute("src", withLink(one.url, query));
    attribute("srclang", one.lang);
    attribute("label", one.label.empty() ? one.lang : one.label);
    html += '>';
  }
  return html;
}

std::string encoded(std::string_view text) {
  std::string to;
  http::appendEncoded(to, text);
  return to;
}

// The path to go to after a form: `wanted` if it is on this site, else `otherwise`.
std::string pathWithin(const std::string& wanted, const std::string& otherwise) {
  const bool isPath =
      wanted.starts_with('/') && !wanted.starts_with("//") && wanted.size() <= 2000 &&
      std::all_of(wanted.begin(), wanted.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
  return isPath ? wanted : otherwise;
}

void leadTo(const std::string& path, Answer& answer) {
  answer.status = 303;
  answer.set("Location", path);
}

// The site's address for use on other sites: the listener's `public_url`; a proxy need not send it.
std::string siteOf(const http::Request& request) {
  return request.listener.publicUrl.empty() ? http::originOf(request) : request.listener.publicUrl;
}

const char* typeOf(std::string_view name) {
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  return "image/svg+xml";
}

Encoded encodedOf(const Asset& asset) {
  const std::size_t dash = asset.served.rfind('-');
  Encoded encoded;
  encoded.plain = std::make_shared<const std::string>(asset.content);
  encoded.gzip = std::make_shared<const std::string>(asset.gzip);
  encoded.brotli = std::make_shared<const std::string>(asset.brotli);
  encoded.tag = asset.served.substr(dash + 1, asset.served.rfind('.') - dash - 1);
  return encoded;
}

struct Picture {
  Encoded bytes;
  const char* type;
};

std::optional<Picture> logoOf(const std::filesystem::path& path) {
  if (path.empty()) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  const auto refuse = [&](std::string_view why) {
    throw Error(Fault::malformed, fmt::format("web.logo: {}: {}", path.string(), why));
  };
  if (!file.is_open() || file.bad()) refuse("cannot be read");
  if (bytes.size() > largestLogo) refuse("must not be larger than 256 KiB");
  const std::string_view front = std::string_view(bytes).substr(0, 1000);
  const char* type = nullptr;
  if (front.starts_with("\x89PNG")) type = "image/png";
  if (front.starts_with("\xff\xd8\xff")) type = "image/jpeg";
  if (front.starts_with("RIFF") && front.substr(8, 4) == "WEBP") type = "image/webp";
  if (front.find("<svg") != std::string_view::npos) type = "image/svg+xml";
  if (type == nullptr) refuse("must be an SVG, PNG, JPEG or WebP picture");
  return Picture{web::encodedOf(std::move(bytes)), type};
}

/// The pages' routes. One object, owned by the routes' handlers.
class Site {
 public:
  Site(http::Router& router, const WebRooms& rooms, const WebOptions& options, const http::CookieOptions& cookies)
      : rooms_(rooms),
        options_(options),
        cookies_(cookies),
        pages_(options, featuresOf(router)),
        logo_(logoOf(options.logo)) {
    for (const Asset& asset : assets())
      if (!asset.served.empty()) files_.emplace(asset.served, encodedOf(asset));
    for (const std::string_view name : {"home", "userhome", "account", "admin", "signin", "drop"})
      for (std::size_t language = 0; language < Pages::languages.size(); ++language)
        for (std::size_t theme = 0; theme < Pages::themes.size(); ++theme)
          shells_.emplace(std::tuple(name, language, theme),
                          web::encodedOf(pages_.fill(name, {language, theme}, shellValues(name, {language, theme}))));
  }

  // A page that is the same for all who are not signed in.
  void shell(std::string_view name, const Exchange& exchange, Answer& answer) const {
    shell(name, callerOf(exchange, answer), exchange, answer);
  }
  void shell(std::string_view name, const std::optional<WhoAmI>& who, const Exchange& exchange, Answer& answer) const {
    const Head& head = exchange.request.head;
    const Pages::Look look = Pages::lookOf(head);
    describe(answer, "no-cache");
    answer.set("Vary", "Cookie, Accept-Language, Accept-Encoding");
    if (name != "home") answer.set("X-Robots-Tag", "noindex");
    if (!who) return answerEncoded(head, shells_.find(std::tuple(name, look.language, look.theme))->second, answer);
    Values values = shellValues(name, look);
    addCaller(*who, values);
    if ((exchange.request.listener.roles & http::scheduler) != 0) values["scheduler"] = "1";
    answer.content.push_back({pages_.fill(name, look, std::move(values)), nullptr, 0, 0});
  }

  // A page for signed-in users; others are sent to /signin.
  void ownShell(std::string_view name, const Exchange& exchange, Answer& answer) const {
    const std::optional<WhoAmI> who = callerOf(exchange, answer);
    if (!who) return leadTo("/signin?next=" + encoded(exchange.request.head.path), answer);
    if (name == "admin" && who->role.value_or(Role::user) == Role::user)
      throw Error(Fault::forbidden, "page: only for moderators and admins");
    shell(name, who, exchange, answer);
  }

  void signInPage(const Exchange& exchange, Answer& answer) const {
    if (exchange.request.head.query.empty()) return shell("signin", exchange, answer);
    Values values;
    for (const auto& [name, value] : exchange.query())
      if (name == "next") values["next"] = pathWithin(value, "");
    signInPage(exchange, std::move(values), answer);
  }

  // POST /signin and /register: takes a form, answers 303 with the session's cookie.
  void signIn(bool isNew, const Exchange& exchange, Answer& answer) const {
    std::map<std::string, std::string> form;
    for (auto& [name, value] : http::parseQuery(exchange.request.body)) form[name] = std::move(value);
    const std::string& name = form["user_name"];
    const std::string& address = exchange.request.peer.address;
    try {
      SignedIn signedIn;
      if (isNew) {
        NewUser wanted;
        wanted.name = name;
        wanted.password = form["pwd"];
        wanted.address = address;
        signedIn = rooms_.users.add(Anonymous{}, wanted);
      } else {
        Login login;
        login.name = name;
        login.password = form["pwd"];
        login.address = address;
        signedIn = rooms_.sessions.login(Anonymous{}, login);
      }
      http::setSessionCookie(exchange, answer, signedIn.sessionId.value(), cookies_);
      leadTo(pathWithin(form["next"], "/userhome"), answer);
    } catch (const Error& error) {
      const int status = rowOf(error.fault()).httpStatus;
      if (status >= 500) throw;
      const bool isWrong = !isNew && (error.fault() == Fault::malformed || error.fault() == Fault::notFound);
      Values values{{"name", isUtf8(name) ? name : ""}, {"next", pathWithin(form["next"], "")}};
      values[isNew ? "registering" : "signing"] = "1";
      const auto key = [&] {
        switch (error.fault()) {
          case Fault::unauthenticated: return "signin.wrong";
          case Fault::tooMany: return "signin.tooMany";
          case Fault::conflict: return "register.taken";
          case Fault::forbidden: return "register.closed";
          default: return isNew ? "register.bad" : "signin.wrong";
        }
      }();
      const Pages::Look look = Pages::lookOf(exchange.request.head);
      values["error"] = pages_.text(look, key);
      if (error.fault() == Fault::malformed && isNew) values["detail"] = error.detail();
      answer.status = isWrong ? 401 : status;  // for any name and password that nobody has
      if (error.retryAfter()) answer.set("Retry-After", std::to_string(error.retryAfter()->count()));
      signInPage(exchange, std::move(values), answer);
    }
  }

  void signOut(const Exchange& exchange, Answer& answer) const {
    try {
      rooms_.sessions.logout(exchange.by, {});
    } catch (const Error& error) {
      if (error.fault() != Fault::unauthenticated) throw;  // signed out already
    }
    http::clearSessionCookie(answer);
    leadTo("/", answer);
  }

  void video(const Exchange& exchange, Answer& answer) const {
    const std::optional<SignedLink> link = http::signedLinkOf(exchange.request.head.query);
    Video video;
    try {
      video = showVideo(exchange, link ? Credential(*link) : exchange.by);
    } catch (const Error& error) {
      if (!link || error.fault() != Fault::forbidden || !isSeen(exchange)) throw;
      return leadTo("/v/" + encoded(exchange.pathParameter("id").value_or("")), answer);
    }
    const std::optional<WhoAmI> who = callerOf(exchange, answer);
    Values values = valuesOf(video, link, exchange);
    if (who) addCaller(*who, values);
    describe(answer, "private, no-cache");
    if (link || video.visibility != Visibility::public_) answer.set("X-Robots-Tag", "noindex");
    answer.content.push_back(
        {pages_.fill("video", Pages::lookOf(exchange.request.head), std::move(values)), nullptr, 0, 0});
  }

  void embed(const Exchange& exchange, Answer& answer) const {
    const std::optional<SignedLink> link = http::signedLinkOf(exchange.request.head.query);
    const Video video = showVideo(exchange, link ? Credential(*link) : exchange.by);
    describe(answer, "private, no-cache", ancestors());
    answer.set("X-Robots-Tag", "noindex");
    answer.content.push_back(
        {pages_.fill("embed", Pages::lookOf(exchange.request.head), valuesOf(video, link, exchange)), nullptr, 0, 0});
  }

  void user(const Exchange& exchange, Answer& answer) const {
    UserVideosQuery wanted;
    wanted.user = exchange.pathParameter("name").value_or("");
    wanted.limit = 1;
    rooms_.videos.listOf(Anonymous{}, wanted);  // notFound: no such user, or the caller may not see the list
    const User user = rooms_.users.show(Operator{}, {wanted.user});
    if (user.name != wanted.user) {
      leadTo("/u/" + encoded(user.name), answer);
      answer.status = 301;
      return;
    }
    const std::optional<WhoAmI> who = callerOf(exchange, answer);
    Values values;
    values["author"] = user.name;
    values["title"] = user.displayName.value_or(user.name);
    values["authorInitial"] = initialOf(values["title"]);
    values["url"] = siteOf(exchange.request) + "/u/" + encoded(values["author"]);
    if (who) addCaller(*who, values);
    describe(answer, "private, no-cache");
    answer.content.push_back(
        {pages_.fill("user", Pages::lookOf(exchange.request.head), std::move(values)), nullptr, 0, 0});
  }

  // https://oembed.com: how another site shows a link to a video.
  void oEmbed(const Exchange& exchange, Answer& answer) const {
    std::string url;
    int most = 1280;
    for (const auto& [name, value] : exchange.query()) {
      if (name == "url") url = value;
      if (name == "format" && value != "json") throw Error(Fault::notImplemented, "format: must be json");
      if (name == "maxwidth") std::from_chars(value.data(), value.data() + value.size(), most);
    }
    const std::string origin = siteOf(exchange.request);
    const std::string start = origin + "/v/";
    if (!url.starts_with(start)) throw Error(Fault::notFound, "url: is not a video of this site");
    VideoRef wanted;
    wanted.id.text = url.substr(start.size(), url.find_first_of("?#") - start.size());
    const Video video = rooms_.videos.show(Anonymous{}, wanted);
    const int width = std::clamp(most, 1, 1280);
    std::string json = "{\"version\":\"1.0\",\"type\":";
    const auto add = [&](std::string_view key, std::string_view value) {
      json += fmt::format(",\"{}\":", key);
      appendJsonString(json, value);
    };
    json += options_.embed.empty() ? "\"link\"" : "\"video\"";
    add("title", video.name);
    add("author_name", video.authorDisplayName.value_or(video.author));
    add("author_url", origin + "/u/" + encoded(video.author));
    add("provider_name", options_.name);
    add("provider_url", origin);
    if (const std::string picture = video.thumbnail.value_or(""); !picture.empty()) {
      add("thumbnail_url", origin + picture);
      // Its true size is in the file; a site that shows it scales it to the video's shape.
      const std::int64_t wide = std::min(width, 640);
      const std::int64_t high =
          video.width && video.height && *video.width > 0 ? wide * *video.height / *video.width : wide * 9 / 16;
      json += fmt::format(",\"thumbnail_width\":{},\"thumbnail_height\":{}", wide, high);
    }
    if (!options_.embed.empty()) {
      json += fmt::format(",\"width\":{},\"height\":{}", width, width * 9 / 16);
      add("html", fmt::format("<iframe src=\"{}/embed/{}\" width=\"{}\" height=\"{}\" allow=\"fullscreen; "
                              "picture-in-picture\" allowfullscreen frameborder=\"0\"></iframe>",
                              origin, video.id.text, width, width * 9 / 16));
    }
    answer.set("Content-Type", "application/json; charset=utf-8");
    answer.content.push_back({json + '}', nullptr, 0, 0});
  }

  void file(const Exchange& exchange, Answer& answer) const {
    const auto found = files_.find(exchange.pathParameter("file").value_or(""));
    if (found == files_.end()) throw Error(Fault::notFound, "no such file");
    answer.set("Content-Type", typeOf(found->first));
    answer.set("Cache-Control", "public, max-age=31536000, immutable");
    answer.set("Vary", "Accept-Encoding");
    answerEncoded(exchange.request.head, found->second, answer);
  }

  void logo(const Exchange& exchange, Answer& answer) const {
    if (!logo_) throw Error(Fault::notFound, "logo: the site has none of its own");
    answer.set("Content-Type", logo_->type);
    answer.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox");
    answer.set("Cache-Control", "no-cache");
    answer.set("Vary", "Accept-Encoding");
    answerEncoded(exchange.request.head, logo_->bytes, answer);
  }

  // Replaces the JSON of an error reply.
  void error(const Error& failure, const Head& head, Answer& answer) const noexcept try {
    const Pages::Look look = Pages::lookOf(head);
    const int status = answer.status;
    const bool isKnown = status == 401 || status == 403 || status == 404 || status == 429 || status == 503;
    const bool isLink = status == 403 && http::signedLinkOf(head.query).has_value();
    const std::string key = isLink         ? "error.link"
                            : isKnown      ? fmt::format("error.{}", status)
                            : status < 500 ? "error.400"
                                           : "error.500";
    Values values{{"title", pages_.text(look, key)},
                  {"text", pages_.text(look, key + ".text")},
                  {"status", std::to_string(status)},
                  {"bare", "1"}};
    if (status == 401) values["next"] = pathWithin(std::string(head.path), "/");
    if (failure.fault() == Fault::unavailable) values["text"] = pages_.text(look, "error.503.text");
    std::erase_if(answer.headers, [](const auto& header) { return header.first == "Content-Type"; });
    // A page that embeds a video must be able to show why the video is not there.
    const bool isFramed = head.path.starts_with("/embed/");
    if (isFramed) values["framed"] = "1";
    describe(answer, "no-store", isFramed ? ancestors() : "'none'");
    answer.content.clear();
    answer.content.push_back({pages_.fill("error", look, std::move(values)), nullptr, 0, 0});
  } catch (...) {
    // The JSON stays.
  }

 private:
  static void describe(Answer& answer, const char* cacheControl, std::string_view frameAncestors = "'none'") {
    answer.set("Content-Type", "text/html; charset=utf-8");
    answer.set("Cache-Control", cacheControl);
    answer.set("Content-Security-Policy",
               fmt::format("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src "
                           "'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors {}; base-uri 'none'; "
                           "require-trusted-types-for 'script'",
                           frameAncestors));
    // Not no-referrer: a browser would then send "Origin: null" with the forms.
    answer.set("Referrer-Policy", "same-origin");
  }

  std::string ancestors() const {
    return options_.embed.empty() ? "'none'" : fmt::format("{}", fmt::join(options_.embed, " "));
  }

  // Who is signed in, if anybody; renews the cookie, since the session may have been extended.
  std::optional<WhoAmI> callerOf(const Exchange& exchange, Answer& answer) const {
    const auto* const secret = std::get_if<Secret>(&exchange.by);
    if (secret == nullptr) return std::nullopt;
    try {
      WhoAmI who = rooms_.sessions.whoami(exchange.by, {});
      if (!who.userName) return std::nullopt;
      if (secret->cookie) {
        http::CookieOptions its = cookies_;
        if (who.latest) its.lifetime = std::clamp(*who.latest - systemClock().now(), 0ms, its.lifetime);
        http::setSessionCookie(exchange, answer, secret->text, its);
      }
      return who;
    } catch (const Error& error) {
      if (error.fault() != Fault::unauthenticated) throw;
      if (secret->cookie) http::clearSessionCookie(answer);  // it would make the page's requests fail
      return std::nullopt;
    }
  }

  void addCaller(const WhoAmI& who, Values& values) const {
    const Role role = who.role.value_or(Role::user);
    // How often, in seconds, a page in use asks for its session, so that the session does not expire meanwhile.
    const auto lifetime = std::chrono::floor<std::chrono::seconds>(cookies_.lifetime);
    values["renew"] = fmt::to_string(std::clamp<std::int64_t>(lifetime.count() / 3, 1, 3600));
    values["user"] = *who.userName;
    values["initial"] = initialOf(*who.userName);
    values["role"] = nameOf(role);
    if (role != Role::user) values["staff"] = "1";
  }

  Values shellValues(std::string_view name, Pages::Look look) const {
    Values values;
    if (name != "home") values["title"] = pages_.text(look, fmt::format("{}.title", name));
    return values;
  }

  void signInPage(const Exchange& exchange, Values values, Answer& answer) const {
    const Pages::Look look = Pages::lookOf(exchange.request.head);
    values.merge(shellValues("signin", look));
    describe(answer, "no-store");
    answer.set("X-Robots-Tag", "noindex");
    answer.content.push_back({pages_.fill("signin", look, std::move(values)), nullptr, 0, 0});
  }

  Video showVideo(const Exchange& exchange, const Credential& by) const {
    VideoRef wanted;
    wanted.id.text = exchange.pathParameter("id").value_or("");
    try {
      return rooms_.videos.show(by, wanted);
    } catch (const Error& error) {
      // A session that has ended must not hide what everybody may see.
      if (error.fault() != Fault::unauthenticated || !std::holds_alternative<Secret>(by)) throw;
      return rooms_.videos.show(Anonymous{}, wanted);
    }
  }

  // Whether the caller may see the video without the link.
  bool isSeen(const Exchange& exchange) const {
    try {
      showVideo(exchange, exchange.by);
      return true;
    } catch (const Error&) {
      return false;
    }
  }

  Values valuesOf(const Video& video, const std::optional<SignedLink>& link, const Exchange& exchange) const {
    const std::string origin = siteOf(exchange.request);
    const std::string query = link ? fmt::format("?share={}&exp={}&sig={}", encoded(link->share),
                                                 encoded(link->expires), encoded(link->signature))
                                   : std::string();
    std::string json;
    appendJson(json, video);
    Values values{{"id", video.id.text},
                  {"title", video.name},
                  {"author", video.author},
                  {"authorShown", video.authorDisplayName.value_or(video.author)},
                  {"authorInitial", initialOf(video.authorDisplayName.value_or(video.author))},
                  {"description", video.description},
                  {"summary", summaryOf(video.description)},
                  {"picture", withLink(video.thumbnail.value_or(""), query)},
                  {"shown", withLink(video.play.value_or(""), query)},
                  {"type", !video.play ? video.contentType : "video/mp4"},
                  {"url", origin + "/v/" + video.id.text + query},
                  {"origin", origin},
                  {"tracks", tracksOf(video, query)},
                  {"json", inScript(std::move(json))}};
    if (values["shown"].empty()) values["shown"] = "/videos/" + video.id.text + query;
    if (video.state == VideoState::ready) values["ready"] = "1";
    if (!link && video.visibility == Visibility::public_) values["oembed"] = encoded(values["url"]);
    return values;
  }

  WebRooms rooms_;
  WebOptions options_;
  http::CookieOptions cookies_;
  Pages pages_;
  std::optional<Picture> logo_;
  std::map<std::string_view, Encoded> files_;
  std::map<std::tuple<std::string_view, std::size_t, std::size_t>, Encoded> shells_;
};

}  // namespace

void serveWeb(http::Router& router, const WebRooms& rooms, const WebOptions& options,
              const http::CookieOptions& cookies) {
  if (assets().empty()) return;
  const auto site = std::make_shared<const Site>(router, rooms, options, cookies);
  const auto serve = [&](const http::Route& route, auto handler) {
    router.serveRaw(route,
                    [site, handler](const Exchange& exchange, Answer& answer) { handler(*site, exchange, answer); });
  };
  const auto shell = [&](std::string_view name, std::string_view path) {
    serve(page(name, path), [name = name.substr(4)](const Site& of, const Exchange& exchange, Answer& answer) {
      name == "home" ? of.shell(name, exchange, answer) : of.ownShell(name, exchange, answer);
    });
  };
  shell("web.home", "/");
  shell("web.userhome", "/userhome");
  shell("web.account", "/account");
  shell("web.admin", "/admin");
  serve(page("web.signin", "/signin"),
        [](const Site& of, auto& exchange, auto& answer) { of.signInPage(exchange, answer); });
  serve(page("web.video", "/v/{id}"), [](const Site& of, auto& exchange, auto& answer) { of.video(exchange, answer); });
  serve(page("web.embed", "/embed/{id}"),
        [](const Site& of, auto& exchange, auto& answer) { of.embed(exchange, answer); });
  serve(page("web.user", "/u/{name}"), [](const Site& of, auto& exchange, auto& answer) { of.user(exchange, answer); });
  serve(page("web.oembed", "/oembed"),
        [](const Site& of, auto& exchange, auto& answer) { of.oEmbed(exchange, answer); });
  serve(page("web.file", "/assets/{file}"),
        [](const Site& of, auto& exchange, auto& answer) { of.file(exchange, answer); });
  serve(page("web.logo", "/logo"), [](const Site& of, auto& exchange, auto& answer) { of.logo(exchange, answer); });
  if (featuresOf(router).find("drop") != std::string::npos)  // the page of a drop link, to which guests upload
    serve(page("web.drop", "/drop/{id}"),
          [](const Site& of, auto& exchange, auto& answer) { of.shell("drop", exchange, answer); });
  http::Route signIn = page("web.signin", "/signin", Method::post);
  signIn.flags.slowRefusal = true;
  serve(signIn, [](const Site& of, auto& exchange, auto& answer) { of.signIn(false, exchange, answer); });
  http::Route registering = page("web.register", "/register", Method::post);
  registering.flags.slowRefusal = true;
  serve(registering, [](const Site& of, auto& exchange, auto& answer) { of.signIn(true, exchange, answer); });
  serve(page("web.signout", "/signout", Method::post),
        [](const Site& of, auto& exchange, auto& answer) { of.signOut(exchange, answer); });
  router.setErrorPage(
      [site](const Error& failure, const Head& head, Answer& answer) { site->error(failure, head, answer); });
}

}  // namespace video
