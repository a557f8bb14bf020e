#pragma once
#include <string>

namespace tvr {

// Pieces all pages are made of. Titles, names and values are texts, escaped here; bodies are HTML.

/// From the document type to <body>: a content security policy that lets nothing be loaded or run, and the style sheet
/// of page_style.h with `more_style` behind it.
std::string page_head_html(const std::string& title, const std::string& more_style = "");

std::string section_html(const std::string& id, const std::string& title, const std::string& body);
std::string panel_html(const std::string& title, const std::string& body);
/// A row of a table of class "facts"; nothing for an empty value.
std::string fact_html(const std::string& name, const std::string& value);

}  // namespace tvr
