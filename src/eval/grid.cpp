#include "eval/grid.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace tvr {
namespace {

// Characters, not bytes: names may hold UTF-8.
size_t width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}
std::string pad_left(const std::string& text, size_t size) {
  return std::string(size - std::min(size, width(text)), ' ') + text;
}
std::string pad_right(const std::string& text, size_t size) {
  return text + std::string(size - std::min(size, width(text)), ' ');
}

// Values align on their right, intervals and marks on their left.
struct ColumnWidths {
  size_t value = 0, interval = 0, mark = 0, total = 0;
};

std::vector<ColumnWidths> column_widths(const Grid& grid) {
  std::vector<ColumnWidths> widths(grid.columns.size());
  for (size_t i = 0; i < widths.size(); ++i) {
    auto& column = widths[i];
    for (const auto& row : grid.rows) {
      if (i >= row.cells.size()) continue;
      column.value = std::max(column.value, width(row.cells[i].value));
      column.interval = std::max(column.interval, width(row.cells[i].interval));
      column.mark = std::max(column.mark, width(row.cells[i].mark));
    }
    const size_t cells = column.value + (column.interval > 0 ? column.interval + 1 : 0) + column.mark;
    column.total = std::max(cells, width(grid.columns[i]));
  }
  return widths;
}

std::string text_cell(const GridCell& cell, const ColumnWidths& widths) {
  auto text = pad_left(cell.value, widths.value);
  if (widths.interval > 0) text += " " + pad_right(cell.interval, widths.interval);
  return pad_right(text + pad_right(cell.mark, widths.mark), widths.total);
}

void append_line(std::string& text, std::string line) {
  while (!line.empty() && line.back() == ' ') line.pop_back();
  text += line + "\n";
}

std::vector<std::string> columns_with_groups(const Grid& grid) {
  auto names = grid.columns;
  size_t column = 0;
  for (const auto& [group, span] : grid.groups)
    for (size_t i = 0; i < span; ++i, ++column)
      if (!group.empty()) names[column] = group + " " + names[column];
  return names;
}

std::string escape_markdown(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (std::string("\\|*_`<>[]#").find(c) != std::string::npos) result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result;
}

std::string markdown_cell(const GridCell& cell) {
  return escape_markdown(cell.value) + (cell.interval.empty() ? "" : " " + cell.interval) + escape_markdown(cell.mark);
}

std::string escape_latex(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\')
      result += "\\textbackslash{}";
    else if (c == '~')
      result += "\\textasciitilde{}";
    else if (c == '^')
      result += "\\textasciicircum{}";
    else if (c == '|')
      result += "\\textbar{}";
    else if (c == '<')
      result += "\\textless{}";
    else if (c == '>')
      result += "\\textgreater{}";
    else if (std::string("&%$#_{}").find(c) != std::string::npos)
      result += std::string("\\") + c;
    else
      result += c;
  }
  return result;
}

// A hyphen before a digit is a minus sign; text mode would print it as a hyphen.
std::string latex_numbers(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts = i == 0 || text[i - 1] == '[' || text[i - 1] == ' ';
    const bool number = i + 1 < text.size() && text[i + 1] >= '0' && text[i + 1] <= '9';
    result += text[i] == '-' && starts && number ? "$-$" : std::string(1, text[i]);
  }
  return result;
}

std::string latex_cell(const GridCell& cell) {
  std::string text = latex_numbers(escape_latex(cell.value));
  if (!cell.interval.empty()) text += " {\\scriptsize " + latex_numbers(escape_latex(cell.interval)) + "}";
  return cell.mark.empty() ? text : text + "\\textsuperscript{" + escape_latex(cell.mark) + "}";
}

std::string latex_groups(const Grid& grid) {
  std::string names, rules;
  size_t column = 2;
  for (const auto& [group, span] : grid.groups) {
    names += " & \\multicolumn{" + std::to_string(span) + "}{c}{" + escape_latex(group) + "}";
    if (!group.empty())
      rules += "\\cmidrule(lr){" + std::to_string(column) + "-" + std::to_string(column + span - 1) + "} ";
    column += span;
  }
  return names + " \\\\\n" + rules + "\n";
}

std::string html_head(const Grid& grid) {
  std::string html = "<thead>";
  if (!grid.groups.empty()) {
    html += "<tr><td></td>";
    for (const auto& [group, span] : grid.groups)
      html += "<th scope=\"colgroup\" colspan=\"" + std::to_string(span) + "\">" + escape_html(group) + "</th>";
    html += "</tr>\n";
  }
  html += "<tr><th scope=\"col\">" + escape_html(grid.corner) + "</th>";
  for (const auto& column : grid.columns) html += "<th scope=\"col\">" + escape_html(column) + "</th>";
  return html + "</tr></thead>\n";
}

std::string html_cell(const GridCell& cell) {
  std::string html = "<td>" + escape_html(cell.value);
  if (!cell.interval.empty()) html += " <span class=\"interval\">" + escape_html(cell.interval) + "</span>";
  if (!cell.mark.empty()) html += " <span class=\"mark\">" + escape_html(cell.mark) + "</span>";
  return html + "</td>";
}

std::string signed_decimal(double value) {
  const auto text = one_decimal(value);
  return text.front() == '-' || text == "0.0" ? text : "+" + text;
}

}  // namespace

std::string one_decimal(double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof buffer, "%.1f", value);
  return std::string(buffer) == "-0.0" ? "0.0" : buffer;
}

GridCell number_cell(double value, const std::optional<Interval>& interval) {
  GridCell cell{one_decimal(value), "", ""};
  if (interval) cell.interval = "[" + one_decimal(interval->low) + ", " + one_decimal(interval->high) + "]";
  return cell;
}

GridCell difference_cell(double value, const std::optional<Interval>& interval, bool beyond) {
  GridCell cell{signed_decimal(value), "", beyond ? "*" : ""};
  if (interval) cell.interval = "[" + signed_decimal(interval->low) + ", " + signed_decimal(interval->high) + "]";
  return cell;
}

std::string grid_to_text(const Grid& grid) {
  auto widths = column_widths(grid);
  size_t first = width(grid.corner), column = 0;
  for (const auto& row : grid.rows) first = std::max(first, width(row.name));
  std::string text, groups = std::string(first, ' '), heads = pad_right(grid.corner, first);
  for (const auto& [group, span] : grid.groups) {
    size_t total = 2 * (span - 1);
    for (size_t i = column; i < column + span; ++i) total += widths[i].total;
    if (width(group) > total) widths[column + span - 1].total += width(group) - total;
    groups += "  " + pad_right(group, total);
    column += span;
  }
  for (size_t i = 0; i < grid.columns.size(); ++i)
    heads += "  " + pad_right(pad_left(grid.columns[i], widths[i].value), widths[i].total);
  if (!grid.title.empty()) append_line(text, grid.title);
  if (!grid.groups.empty()) append_line(text, groups);
  append_line(text, heads);
  for (const auto& row : grid.rows) {
    auto line = pad_right(row.name, first);
    for (size_t i = 0; i < row.cells.size(); ++i) line += "  " + text_cell(row.cells[i], widths[i]);
    append_line(text, line);
  }
  for (const auto& note : grid.notes) append_line(text, "  " + note);
  return text;
}

std::string grid_to_markdown(const Grid& grid) {
  std::string text = grid.title.empty() ? "" : "**" + escape_markdown(grid.title) + "**\n\n";
  text += "| " + escape_markdown(grid.corner) + " |";
  for (const auto& name : columns_with_groups(grid)) text += " " + escape_markdown(name) + " |";
  text += "\n|---|";
  for (size_t i = 0; i < grid.columns.size(); ++i) text += "---:|";
  for (const auto& row : grid.rows) {
    text += "\n| " + escape_markdown(row.name) + " |";
    for (const auto& cell : row.cells) text += " " + markdown_cell(cell) + " |";
  }
  text += "\n";
  for (const auto& note : grid.notes) text += "\n" + escape_markdown(note) + "\n";
  return text;
}

std::string grid_to_latex(const Grid& grid) {
  std::string text = "\\begin{table}\n\\centering\n";
  if (!grid.title.empty()) text += "\\caption{" + escape_latex(grid.title) + "}\n";
  text += "\\begin{tabular}{l" + std::string(grid.columns.size(), 'r') + "}\n\\toprule\n";
  if (!grid.groups.empty()) text += latex_groups(grid);
  text += escape_latex(grid.corner);
  for (const auto& column : grid.columns) text += " & " + escape_latex(column);
  text += " \\\\\n\\midrule\n";
  for (const auto& row : grid.rows) {
    text += row.beside ? "\\textit{" + escape_latex(row.name) + "}" : escape_latex(row.name);
    for (const auto& cell : row.cells) text += " & " + latex_cell(cell);
    text += " \\\\\n";
  }
  text += "\\bottomrule\n\\end{tabular}\n";
  for (const auto& note : grid.notes) text += "\\par\\smallskip{\\footnotesize " + escape_latex(note) + "}\n";
  return text + "\\end{table}\n";
}

std::string grid_to_html(const Grid& grid) {
  std::string html = "<div class=\"scroll\"><table>\n";
  if (!grid.title.empty()) html += "<caption>" + escape_html(grid.title) + "</caption>\n";
  html += html_head(grid) + "<tbody>\n";
  for (const auto& row : grid.rows) {
    html += std::string(row.beside ? "<tr class=\"beside\">" : "<tr>") + "<th scope=\"row\">" + escape_html(row.name) +
            "</th>";
    for (const auto& cell : row.cells) html += html_cell(cell);
    html += "</tr>\n";
  }
  html += "</tbody></table></div>\n";
  for (const auto& note : grid.notes) html += "<p class=\"note\">" + escape_html(note) + "</p>\n";
  return html;
}

std::string escape_html(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

}  // namespace tvr
