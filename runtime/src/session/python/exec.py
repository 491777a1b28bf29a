

def run(name, files, module, code, maps):
    """Runs the script as `__main__`; the module of the program's maps is one that it can import."""
    import __main__
    texts = Texts(dict(json.loads(files)))
    sys.meta_path.insert(0, texts)
    descriptors = []
    for line in maps.decode("utf-8", "replace").splitlines():
        number, _, known = line.partition(" ")
        descriptors.append((known, int(number)))
    module = module.decode()
    if code:
        texts.texts[f"{module}.py"] = code.decode()
        texts.given[f"{module}.py"] = {"__ks_descriptors__": descriptors}
    own = __main__.__dict__
    for used in ("start", "sys"):
        own.pop(used, None)
    sys.argv[0] = own["__file__"] = name.decode()
    exec(texts.compiled(sys.argv[0]), own)


run(*parts)
