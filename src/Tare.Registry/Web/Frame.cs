using Tare.Registry.Http;

namespace Tare.Registry.Web;

/// <summary>What all pages have around them.</summary>
internal static class Frame
{
    internal static Html Open(Exchange exchange, string title, string query, bool mayLogIn)
    {
        var page = new Html().Raw(
                """
                <!doctype html>
                <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
                <link rel="icon" href="data:,"><link rel="stylesheet" href="/style.css"><title>
                """)
            .Text(title).Raw("</title></head><body><header><a class=\"home\" href=\"/\">").Text(exchange.Host)
            .Raw("</a><form action=\"/\" role=\"search\"><input type=\"search\" name=\"q\" aria-label=\"Search repositories\" placeholder=\"Search repositories\" value=\"")
            .Text(query).Raw("\"><button>Search</button></form>");
        if (exchange.Caller.Name is { } user) page.Raw("<span class=\"who\">").Text(user).Raw("</span>");
        else if (mayLogIn) page.Raw("<a class=\"who\" href=\"/login\">Log in</a>");
        return page.Raw("</header><main>");
    }

    internal static string Close(Html page) => page.Raw("</main></body></html>\n").ToString();
}
