//! The `OpenAPI` document as a page: no script, nothing from elsewhere, one file

use std::fmt::Write as _;

use serde_json::Value as Json;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
const STYLE: &str = include_str!("page.css");

/// The page, whole
pub(crate) fn page(document: &Json) -> String {
    let mut page = Page {
        document,
        html: String::new(),
    };
    page.head();
    page.operations();
    page.schemas();
    page.html.push_str("</main></body></html>\n");
    page.html
}

/// Text as it stands in HTML
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A text of the document, of whose Markdown only code is shown as such
fn prose(text: &Json) -> String {
    let text = text.as_str().unwrap_or_default();
    let parts = text.split('`').enumerate().map(|(index, part)| {
        if index % 2 == 1 {
            format!("<code>{}</code>", escape(part))
        } else {
            escape(part)
        }
    });
    parts.collect::<String>().replace("**", "")
}

struct Page<'a> {
    document: &'a Json,
    html: String,
}

impl<'a> Page<'a> {
    fn write(&mut self, html: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.html.write_fmt(html);
    }

    /// What a reference refers to, or the value itself
    fn resolve(&self, value: &'a Json) -> &'a Json {
        let reference = value.get("$ref").and_then(Json::as_str);
        let pointer = reference.and_then(|reference| reference.strip_prefix('#'));
        pointer
            .and_then(|pointer| self.document.pointer(pointer))
            .unwrap_or(value)
    }

    fn tags(&self) -> impl Iterator<Item = &'a Json> + use<'a> {
        let tags = self.document.get("tags").and_then(Json::as_array);
        tags.into_iter().flatten()
    }

    /// Method, path and operation of everything with a tag
    fn tagged(&self, tag: &str) -> Vec<(&'static str, &'a str, &'a Json)> {
        let paths = self.document.get("paths").and_then(Json::as_object);
        let mut operations = Vec::new();
        for (path, item) in paths.into_iter().flatten() {
            for method in METHODS {
                let operation = item.get(method);
                let is_tagged = |operation: &&Json| {
                    operation.pointer("/tags/0").and_then(Json::as_str) == Some(tag)
                };
                operations.extend(
                    operation
                        .filter(is_tagged)
                        .map(|operation| (method, path.as_str(), operation)),
                );
            }
        }
        operations
    }

    fn head(&mut self) {
        let info = &self.document["info"];
        let (title, version) = (prose(&info["title"]), prose(&info["version"]));
        self.write(format_args!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title} API</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body><nav><b>{title} {version}</b>\
             <a href=\"openapi.json\">openapi.json</a>"
        ));
        for tag in self.tags() {
            let name = tag["name"].as_str().unwrap_or_default();
            self.write(format_args!("<a href=\"#{name}\">{name}</a>"));
            for (_, _, operation) in self.tagged(name) {
                let id = operation["operationId"].as_str().unwrap_or_default();
                self.write(format_args!(
                    "<a class=\"operation\" href=\"#{id}\">{id}</a>"
                ));
            }
        }
        let description = prose(&info["description"]).replace('\n', "<br>");
        self.write(format_args!(
            "<a href=\"#schemas\">schemas</a></nav><main><h1>{title} API</h1><p>{description}</p>"
        ));
    }

    fn operations(&mut self) {
        for tag in self.tags() {
            let name = tag["name"].as_str().unwrap_or_default();
            let description = prose(&tag["description"]);
            self.write(format_args!(
                "<h2 id=\"{name}\">{name}</h2><p>{description}</p>"
            ));
            for operation in self.tagged(name) {
                self.operation(operation);
            }
        }
    }

    fn operation(&mut self, (method, path, operation): (&str, &str, &'a Json)) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let summary = prose(&operation["summary"]);
        self.write(format_args!(
            "<section id=\"{id}\"><h3><a href=\"#{id}\"><b class=\"{method}\">{method}</b> {}</a></h3><p>{summary}</p>",
            escape(path)
        ));
        if let Some(description) = operation.get("description") {
            let description = prose(description);
            self.write(format_args!("<p>{description}</p>"));
        }
        let kinds = operation
            .pointer("/security/0/bearer")
            .and_then(Json::as_array);
        if let Some(kinds) = kinds {
            let kinds: Vec<&str> = kinds.iter().filter_map(Json::as_str).collect();
            self.write(format_args!(
                "<p class=\"who\">For: {}</p>",
                kinds.join(", ")
            ));
        }
        self.parameters(operation);
        if let Some(body) = operation.get("requestBody") {
            self.html.push_str("<h4>Body</h4>");
            self.content(body);
        }
        self.html.push_str("<h4>Answers</h4><dl>");
        let answers = operation.get("responses").and_then(Json::as_object);
        for (status, answer) in answers.into_iter().flatten() {
            let told = self.resolve(answer);
            let description = prose(&told["description"]).replace("\n\n", "<br>");
            self.write(format_args!("<dt>{status}</dt><dd>{description}"));
            if answer.get("$ref").is_none() {
                self.content(told);
            }
            self.html.push_str("</dd>");
        }
        self.html.push_str("</dl></section>");
    }

    fn parameters(&mut self, operation: &'a Json) {
        let parameters = operation.get("parameters").and_then(Json::as_array);
        let Some(parameters) = parameters.filter(|parameters| !parameters.is_empty()) else {
            return;
        };
        self.html
            .push_str("<table><tr><th>name<th>in<th>type<th></tr>");
        for parameter in parameters {
            let parameter = self.resolve(parameter);
            let (name, place) = (prose(&parameter["name"]), prose(&parameter["in"]));
            let needed = if parameter["required"] == true {
                "*"
            } else {
                ""
            };
            let (schema, text) = (
                schema(&parameter["schema"]),
                prose(&parameter["description"]),
            );
            self.write(format_args!(
                "<tr><td><code>{name}</code>{needed}<td>{place}<td>{schema}<td>{text}</tr>"
            ));
        }
        self.html.push_str("</table>");
    }

    /// What a body or an answer holds
    fn content(&mut self, holder: &'a Json) {
        let contents = holder.get("content").and_then(Json::as_object);
        for (media, content) in contents.into_iter().flatten() {
            let schema = schema(&content["schema"]);
            self.write(format_args!(
                " <span class=\"media\">{media}</span> {schema}"
            ));
            if let Some(example) = content.get("example") {
                let text = example
                    .as_str()
                    .map_or_else(|| pretty(example), str::to_owned);
                self.write(format_args!("<pre>{}</pre>", escape(&text)));
            }
        }
    }

    fn schemas(&mut self) {
        self.html.push_str("<h2 id=\"schemas\">schemas</h2>");
        let schemas = self
            .document
            .pointer("/components/schemas")
            .and_then(Json::as_object);
        for (name, value) in schemas.into_iter().flatten() {
            let text = linked(&escape(&pretty(value)));
            self.write(format_args!(
                "<details id=\"schema-{name}\"><summary>{name}</summary><pre>{text}</pre></details>"
            ));
        }
    }
}

/// A schema in a word, with a link if it has a name
fn schema(schema: &Json) -> String {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|path| path.rsplit('/').next())
    {
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    match &schema["type"] {
        Json::String(name) if name == "array" => {
            format!("array of {}", self::schema(&schema["items"]))
        }
        Json::String(name) => escape(name),
        Json::Array(names) => {
            let names: Vec<&str> = names.iter().filter_map(Json::as_str).collect();
            names.join(" or ")
        }
        _ => "any".to_owned(),
    }
}

fn pretty(value: &Json) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Makes links of the references in a schema's text
fn linked(text: &str) -> String {
    let mut pieces = text.split("#/components/schemas/");
    let mut linked = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once('&').unwrap_or((piece, ""));
        let _ = write!(linked, "<a href=\"#schema-{name}\">{name}</a>&{rest}");
    }
    linked
}
