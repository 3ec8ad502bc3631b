namespace Tare.Registry.Web;

/// <summary>The pages' style: one column that fits a telephone, in the light or the dark as the reader has it.</summary>
internal static class Style
{
    internal static ReadOnlySpan<byte> Sheet =>
        """
        :root{color-scheme:light dark;--back:#fafaf8;--card:#fff;--text:#1d1f21;--soft:#5c636a;--line:#d9dcdf;--link:#0b57a4;--code:#eef0f2}
        @media (prefers-color-scheme:dark){:root{--back:#15171a;--card:#1e2125;--text:#e6e8ea;--soft:#a0a8b0;--line:#353a40;--link:#7db7f5;--code:#292d32}}
        *{box-sizing:border-box}
        body{margin:0;background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
        header,main{max-width:60rem;margin:0 auto;padding:1rem}
        header{display:flex;flex-wrap:wrap;gap:.75rem 1.5rem;align-items:center;border-bottom:1px solid var(--line)}
        header a.home{font-weight:700;font-size:1.15rem;color:var(--text);text-decoration:none}
        header .who{margin-left:auto;color:var(--soft)}
        form{display:flex;flex:1 1 14rem;gap:.5rem}
        input{flex:1;min-width:0;font:inherit;padding:.4rem .6rem;border:1px solid var(--line);border-radius:.4rem;background:var(--card);color:var(--text)}
        button{font:inherit;padding:.4rem .9rem;border:1px solid var(--line);border-radius:.4rem;background:var(--code);color:var(--text);cursor:pointer}
        a{color:var(--link)}
        h1{font-size:1.3rem;margin:.5rem 0 1rem}
        h2{font-size:1.05rem;margin:0}
        ul.list{list-style:none;margin:0;padding:0}
        ul.list li,article{background:var(--card);border:1px solid var(--line);border-radius:.6rem;padding:.75rem 1rem;margin:0 0 .75rem}
        ul.list li{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline}
        ul.list li a{font-weight:600;flex:1 1 12rem}
        .soft{color:var(--soft);font-size:.9rem}
        dl{display:grid;grid-template-columns:6.5rem 1fr;gap:.15rem .75rem;margin:.6rem 0}
        dt{color:var(--soft)}
        dd{margin:0;min-width:0}
        code,pre{font:.85rem/1.45 ui-monospace,monospace;background:var(--code);border-radius:.35rem}
        code{padding:.1rem .3rem}
        pre{margin:.5rem 0 0;padding:.5rem .7rem;white-space:pre-wrap;user-select:all}
        details{margin-top:.5rem}
        summary{cursor:pointer;color:var(--soft)}
        table{width:100%;border-collapse:collapse;font-size:.9rem}
        td,th{text-align:left;vertical-align:top;padding:.25rem .5rem .25rem 0;border-bottom:1px solid var(--line)}
        td.size{white-space:nowrap;text-align:right}
        """u8;
}
