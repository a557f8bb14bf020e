#include "eval/page_parts.h"

#include "eval/grid.h"
#include "eval/page_style.h"

namespace tvr {

std::string page_head_html(const std::string& title, const std::string& more_style) {
  return "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
         "'unsafe-inline'\">\n<title>" +
         escape_html(title) + "</title>\n<style>" + kPageStyle + more_style + "</style></head>\n<body>\n";
}

std::string section_html(const std::string& id, const std::string& title, const std::string& body) {
  return "<section aria-labelledby=\"" + id + "\"><h2 id=\"" + id + "\">" + escape_html(title) + "</h2>\n" + body +
         "</section>\n";
}

std::string panel_html(const std::string& title, const std::string& body) {
  return "<div class=\"panel\"><h3>" + escape_html(title) + "</h3>\n" + body + "</div>\n";
}

std::string fact_html(const std::string& name, const std::string& value) {
  if (value.empty()) return "";
  return "<tr><th scope=\"row\">" + escape_html(name) + "</th><td>" + escape_html(value) + "</td></tr>\n";
}

}  // namespace tvr
